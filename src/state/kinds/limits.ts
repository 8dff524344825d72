import { strings } from './fields.ts'

/*
 * Maximum lengths in bytes that the API server accepts. Objects in a cluster respect them; objects under mutation may
 * not. They do not apply to labels and annotations of InferenceService components, which are not metadata.
 */
const KEY_PREFIX = 253
const KEY_NAME = 63
const LABEL_VALUE = 63
const ALL_ANNOTATIONS = 256 * 1024
const ALL_CONFIG_DATA = 1024 * 1024

const lengthOf = (text: string) => Buffer.byteLength(text)
/** Length of texts, with a separator between them so that no two surrogates become one character. */
const total = (texts: readonly string[]) => lengthOf(texts.join('\n')) - Math.max(0, texts.length - 1)

function isKey(key: string): boolean {
  const slash = key.indexOf('/')
  return slash <= KEY_PREFIX && lengthOf(key.slice(slash + 1)) <= KEY_NAME
}

/** @see k8s.io/apimachinery 0.36 pkg/api/validate/content/kube.go (IsLabelKey, IsLabelValue) */
export const labels = strings
  .refine(all => Object.keys(all).every(isKey), `a key is longer than ${KEY_PREFIX}/${KEY_NAME} bytes`)
  .refine(
    all => Object.values(all).every(value => lengthOf(value) <= LABEL_VALUE),
    `a value is longer than ${LABEL_VALUE} bytes`
  )

/** @see k8s.io/apimachinery 0.36 pkg/api/validation/objectmeta.go (ValidateAnnotations, ValidateAnnotationsSize) */
export const annotations = strings
  .refine(all => Object.keys(all).every(isKey), `a key is longer than ${KEY_PREFIX}/${KEY_NAME} bytes`)
  .refine(all => total(Object.entries(all).flat()) <= ALL_ANNOTATIONS, `longer than ${ALL_ANNOTATIONS} bytes`)

/** @see kubernetes 1.36 pkg/apis/core/validation/validation.go (ValidateConfigMap) */
export const configData = strings.refine(
  all => total(Object.values(all)) <= ALL_CONFIG_DATA,
  `longer than ${ALL_CONFIG_DATA} bytes`
)
