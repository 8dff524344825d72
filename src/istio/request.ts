/** JWT that a RequestAuthentication on the path accepts. Its other claims are unknown. */
export interface Token {
  /** Absent: any issuer. */
  readonly issuer: string | undefined
}

/** Request content of a caller. It is the same at each hop, except for rewrites by routes and stripped JWTs. */
export interface Call {
  readonly host: string
  /** Absent if the model defines its own URL paths. */
  readonly path: string | undefined
  /** Beginning of the path if the model defines the rest. */
  readonly pathPrefix?: string | undefined
  readonly method: string
  /** Absent: no JWT is sent, or a gateway has stripped it. */
  readonly token: Token | undefined
  /** Known headers by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /** True if the request has no other headers. */
  readonly headersComplete: boolean
  /** `:scheme` as the last gateway has forwarded it; absent: `http`. */
  readonly scheme?: Scheme | undefined
}

export type Scheme = 'http' | 'https' | 'unknown'

/** Call with the connection properties that the proxy of a server sees. */
export interface Request extends Call {
  /** Peer identity `spiffe://...` in the caller's workload certificate; absent over plaintext. */
  readonly identity: string | undefined
  /** IP address of the caller's pod; absent if it is unknown. */
  readonly from: string | undefined
  /** IP address and port of the server's pod. */
  readonly to: { readonly address: string | undefined; readonly port: number }
  readonly sni: string | undefined
  /** False if Istio treats the port as TCP, so that HTTP fields are not available. */
  readonly http: boolean
}
