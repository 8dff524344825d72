/** Named import, so that the bundle and its memory contain only the parts of the Kubernetes client that are used. */
export { KubeConfig } from '@kubernetes/client-node'
