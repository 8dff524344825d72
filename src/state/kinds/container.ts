import { z } from 'zod'
import { parseGoBool } from '../../text/go-bool.ts'
import { parseGoObject } from '../../text/go-json.ts'
import { listOf, object, optional } from './fields.ts'

const variable = z.object({ name: optional(z.string()), value: optional(z.string()) })
const containerPort = z.object({ name: optional(z.string()), containerPort: z.number() })
type ContainerPorts = readonly z.output<typeof containerPort>[]

const handler = object({
  httpGet: object({
    port: z.union([z.number(), z.string()]),
    path: optional(z.string()),
    scheme: optional(z.string())
  }),
  grpc: object({ port: z.number() })
})
type Handler = z.output<typeof handler>

/** Port of a pod, and whether its application serves TLS there. */
export interface PortTls {
  readonly port: number
  readonly tls: boolean
}

/** HTTP probe that the kubelet sends to a port of a pod. */
export interface HttpProbe {
  readonly port: number
  readonly path: string
}

const PROXY = 'istio-proxy'
/** Path of probes that injection sends to the proxy's agent. */
const REWRITTEN = '/app-health/'
const QUEUE_PROXY = 'queue-proxy'
/** Environment variable of the proxy with the probes that injection replaced. */
const ORIGINAL_PROBES = 'ISTIO_KUBE_APP_PROBERS'

/** Containers of istiod, KServe's controller and Knative's activator; their image tag is the version of the installation. */
const CONTROL_PLANE = ['discovery', 'manager', 'activator']
const ISTIOD = 'discovery'

/** Environment variable that is true or false. */
export interface Flag {
  readonly name: string
  readonly isOn: boolean
}

/**
 * Keeps arguments only of the proxy, the image only of control planes, and flags only of istiod; others can be long and are not
 * used. Of probes and environment it keeps on which ports the application serves TLS.
 */
export const container = z
  .object({
    name: optional(z.string()),
    image: optional(z.string()),
    args: listOf(z.string()),
    ports: listOf(containerPort),
    livenessProbe: handler,
    readinessProbe: handler,
    startupProbe: handler,
    env: listOf(variable)
  })
  .transform(({ name = '', image, args, ports, livenessProbe, readinessProbe, startupProbe, env }) => ({
    name,
    ports,
    args: name === PROXY ? args : [],
    image: CONTROL_PLANE.includes(name) ? image : undefined,
    flags: name === ISTIOD ? env.flatMap(toFlag) : [],
    probes: name === PROXY ? [] : [readinessProbe, livenessProbe, startupProbe].flatMap(one => httpProbe(one, ports)),
    servesTls: [
      ...[readinessProbe, livenessProbe, startupProbe].flatMap(one => probedPort(one, ports)),
      ...(name === QUEUE_PROXY ? queuePorts(ports) : []),
      ...(name === PROXY ? env.flatMap(one => (one.name === ORIGINAL_PROBES ? originalProbes(one.value) : [])) : [])
    ]
  }))

function toFlag({ name = '', value = '' }: z.output<typeof variable>): readonly Flag[] {
  const isOn = parseGoBool(value)
  return isOn === undefined ? [] : [{ name, isOn }]
}

/** A kubelet sends gRPC probes, and HTTP probes without a scheme, in plaintext. */
function probedPort(probe: Handler, ports: ContainerPorts): readonly PortTls[] {
  if (probe?.grpc !== undefined) return [{ port: probe.grpc.port, tls: false }]
  const { port: target, scheme = 'HTTP' } = probe?.httpGet ?? {}
  const port = numberOf(target, ports)
  return port === undefined ? [] : [{ port, tls: scheme === 'HTTPS' }]
}

function numberOf(port: string | number | undefined, ports: ContainerPorts): number | undefined {
  return typeof port === 'string' ? ports.find(({ name }) => name === port)?.containerPort : port
}

/** Probe that is sent as HTTP to the application, through the sidecar if the pod has one. */
function httpProbe(probe: Handler, ports: ContainerPorts): readonly HttpProbe[] {
  const { port: target, path = '/', scheme = 'HTTP' } = probe?.httpGet ?? {}
  const port = numberOf(target, ports)
  return port === undefined || scheme !== 'HTTP' || path.startsWith(REWRITTEN) ? [] : [{ port, path }]
}

/** @see knative serving 1.23 pkg/reconciler/revision/resources/queue.go (container ports) */
function queuePorts(ports: ContainerPorts): readonly PortTls[] {
  return ports.map(({ name, containerPort: port }) => ({ port, tls: name?.startsWith('https') === true }))
}

/**
 * Injection replaces probes by probes of the proxy, which sends the original ones.
 * @see istio 1.31 pkg/kube/inject/app_probe.go (DumpAppProbers)
 */
function originalProbes(value = ''): readonly PortTls[] {
  return Object.values(parseGoObject(value) ?? {}).flatMap(one => probedPort(handler.safeParse(one).data, []))
}
