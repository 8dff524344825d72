/** A token that a RequestAuthentication on the way accepts. What else it claims is for its holder to choose. */
export interface Token {
  /** Absent: that of any issuer. */
  readonly issuer: string | undefined
}

/** What the caller asks for; it stays the same from hop to hop, save for the Host that a route may rewrite. */
export interface Call {
  readonly host: string
  /** Absent where it is the model's own affair. */
  readonly path: string | undefined
  readonly method: string
  /** Absent: there is none, or a gateway has taken it off. */
  readonly token: Token | undefined
  /** Those that are known, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /** True where there are no other headers. */
  readonly headersComplete: boolean
}

/** A call as the proxy of a server sees it. */
export interface Request extends Call {
  /** In the caller's mesh certificate, `spiffe://...`; absent over plaintext. */
  readonly identity: string | undefined
  /** The address of the caller's pod, where it is known. */
  readonly from: string | undefined
  /** Address and port of the server's pod. */
  readonly to: { readonly address: string | undefined; readonly port: number }
  readonly sni: string | undefined
  /** False where Istio takes the port for another protocol, and sees bytes alone. */
  readonly http: boolean
}
