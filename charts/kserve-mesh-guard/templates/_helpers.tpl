{{/* What stands on every object. */}}
{{- define "kserve-mesh-guard.labels" -}}
{{ include "kserve-mesh-guard.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* What the pods are known by. It never changes: the selector of a Deployment cannot. */}}
{{- define "kserve-mesh-guard.selector" -}}
app.kubernetes.io/name: kserve-mesh-guard
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The configuration: that of the values, with what the chart knows itself. */}}
{{- define "kserve-mesh-guard.config" -}}
{{- $server := dict "host" "0.0.0.0" "port" 8443 "healthPort" 8080 "certDir" "/var/run/mesh-guard/certs" }}
{{- $certificates := ternary "mounted" "selfSigned" .Values.certManager.enabled }}
{{- $controller := dict "enabled" true "certificates" $certificates "service" (dict "name" "kserve-mesh-guard" "port" .Values.service.port) }}
{{- toYaml (merge (dict "server" $server "controller" $controller) .Values.config) }}
{{- end }}

{{/* How long a pod may take to end: the drain, with the farewell before it and what is being answered after it. */}}
{{- define "kserve-mesh-guard.grace" -}}
{{ add 35 (dig "server" "shutdownDelaySeconds" 10 .Values.config) }}
{{- end }}
