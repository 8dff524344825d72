{{/* Labels of every object. */}}
{{- define "kserve-mesh-guard.labels" -}}
{{ include "kserve-mesh-guard.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
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
