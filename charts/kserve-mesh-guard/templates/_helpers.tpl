{{/* Labels of every object. */}}
{{- define "kserve-mesh-guard.labels" -}}
{{- include "kserve-mesh-guard.labelsWith" (list . dict) }}
{{- end }}

{{/* Labels of every object, with more labels. Own labels take precedence. Arguments: the root context, the labels. */}}
{{- define "kserve-mesh-guard.labelsWith" -}}
{{- $root := index . 0 }}
{{- $chart := dict "app.kubernetes.io/version" $root.Chart.AppVersion "app.kubernetes.io/managed-by" $root.Release.Service "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version) }}
{{- merge (include "kserve-mesh-guard.selector" $root | fromYaml) $chart (index . 1) $root.Values.commonLabels | toYaml }}
{{- end }}

{{/* Selector labels of the pods. They never change: the selector of a Deployment is immutable. */}}
{{- define "kserve-mesh-guard.selector" -}}
app.kubernetes.io/name: kserve-mesh-guard
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Configuration: config of the values, with the keys that the chart sets. */}}
{{- define "kserve-mesh-guard.config" -}}
{{- $server := dict "host" "0.0.0.0" "port" 8443 "healthPort" 8080 "certDir" "/var/run/mesh-guard/certs" }}
{{- $certificates := ternary "mounted" "selfSigned" .Values.certManager.enabled }}
{{- $controller := dict "enabled" true "certificates" $certificates "service" (dict "name" "kserve-mesh-guard" "port" .Values.service.port) }}
{{- toYaml (merge (dict "server" $server "controller" $controller) .Values.config) }}
{{- end }}

{{/* terminationGracePeriodSeconds: the shutdown delay, and time to switch failurePolicy before it and to answer requests after it. */}}
{{- define "kserve-mesh-guard.grace" -}}
{{ add 35 (dig "server" "shutdownDelaySeconds" 10 .Values.config) }}
{{- end }}

{{/* Image with its tag or digest. */}}
{{- define "kserve-mesh-guard.image" -}}
{{- $version := ternary (printf "@%s" .Values.image.digest) (printf ":%s" (.Values.image.tag | default .Chart.AppVersion)) (ne .Values.image.digest "") }}
{{- printf "%s%s" .Values.image.repository $version }}
{{- end }}

{{/* Labels that keep pods out of the mesh: the API server does not send mTLS of the mesh. */}}
{{- define "kserve-mesh-guard.outsideMesh" -}}
istio.io/dataplane-mode: none
sidecar.istio.io/inject: "false"
{{- end }}

{{/* Security context of a pod, for the restricted Pod Security Standard. */}}
{{- define "kserve-mesh-guard.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Security context of a container, for the restricted Pod Security Standard. */}}
{{- define "kserve-mesh-guard.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
