/**
 * All that we use of the Kubernetes client, by name: the bundle then leaves out the rest, and with it the memory that the
 * rest would take.
 */
export { KubeConfig } from '@kubernetes/client-node'
