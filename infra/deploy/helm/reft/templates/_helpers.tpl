{{/* The release's name, and the chart's where it is another: at most 50 characters, so that a queue's name fits behind. */}}
{{- define "reft.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "reft.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "reft.labels" -}}
{{ include "reft.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "reft.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "reft.name" .) }}
{{- else }}{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{/* Whether KEDA has something to prove to Temporal. */}}
{{- define "reft.hasTemporalSecrets" -}}
{{- if or .Values.temporal.apiKey.secretName .Values.temporal.tls.clientSecretName .Values.temporal.tls.authoritySecretName }}true{{ end }}
{{- end }}

{{/* What workers of every queue are told of their servers. */}}
{{- define "reft.environment" -}}
- name: TEMPORAL_ADDRESS
  value: {{ .Values.temporal.address | quote }}
- name: TEMPORAL_NAMESPACE
  value: {{ .Values.temporal.namespace | quote }}
{{- with .Values.temporal }}
{{- if .tls.enabled }}
- name: TEMPORAL_TLS
  value: 'true'
{{- end }}
{{- with .tls.serverName }}
- name: TEMPORAL_TLS_SERVER_NAME
  value: {{ . | quote }}
{{- end }}
{{- if .tls.clientSecretName }}
- name: TEMPORAL_TLS_CLIENT_CERT_PATH
  value: /run/secrets/temporal-client/tls.crt
- name: TEMPORAL_TLS_CLIENT_KEY_PATH
  value: /run/secrets/temporal-client/tls.key
{{- end }}
{{- if .tls.authoritySecretName }}
- name: TEMPORAL_TLS_SERVER_CA_CERT_PATH
  value: /run/secrets/temporal-authority/ca.crt
{{- end }}
{{- if .apiKey.secretName }}
- name: TEMPORAL_API_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .apiKey.secretName }}
      key: {{ .apiKey.key }}
{{- end }}
{{- end }}
{{- with .Values.s3 }}
- name: S3_ENDPOINT
  value: {{ .endpoint | quote }}
- name: S3_BUCKET
  value: {{ .bucket | quote }}
- name: AWS_REGION
  value: {{ .region | quote }}
{{- with .prefix }}
- name: S3_PREFIX
  value: {{ . | quote }}
{{- end }}
{{- with .addressing }}
- name: S3_ADDRESSING
  value: {{ . | quote }}
{{- end }}
{{- with .encryption }}
- name: S3_SSE
  value: {{ . | quote }}
{{- end }}
{{- with .kmsKeyId }}
- name: S3_SSE_KMS_KEY_ID
  value: {{ . | quote }}
{{- end }}
{{- if .credentialsSecretName }}
{{- $secretName := .credentialsSecretName }}
{{- range list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
- name: {{ . }}
  valueFrom:
    secretKeyRef:
      name: {{ $secretName }}
      key: {{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.payloadEncryption.secretName }}
- name: REFT_CODEC_KEY_FILE
  value: /run/secrets/reft-codec/{{ .Values.payloadEncryption.key }}
{{- end }}
{{- if .Values.data.claimName }}
- name: REFT_DATA_DIR
  value: /data
{{- end }}
- name: REFT_STATE_DIR
  value: /var/lib/reft
- name: REFT_HEALTH_ADDRESS
  value: 0.0.0.0:8236
- name: REFT_METRICS_ADDRESS
  value: 0.0.0.0:9464
{{- end }}
