#!/usr/bin/env bash
# Creates a cluster with kind, installs Istio, Knative Serving, KServe and mesh-guard, and tries a change that would break a model.
# Needs Docker, kind, kubectl, Helm and curl. Remove the cluster with: kind delete cluster --name mesh-guard
set -euo pipefail
cd "$(dirname "$0")"

cert_manager=v1.17.0
istio=1.27.1
knative_operator=v1.21.1
kserve=v0.20.0
# Another chart, such as that of a checkout: GUARD_CHART=../../charts/kserve-mesh-guard
guard=${GUARD_CHART:-oci://ghcr.io/kserve-mesh-guard/charts/kserve-mesh-guard}

step() { printf '\n== %s\n' "$*"; }

create_cluster() {
  kind create cluster --name mesh-guard --wait 120s
  kubectl config use-context kind-mesh-guard
}

install_istio() {
  local charts=https://istio-release.storage.googleapis.com/charts
  helm install istio-base base --repo "$charts" --version "$istio" --namespace istio-system --create-namespace --wait
  helm install istiod istiod --repo "$charts" --version "$istio" --namespace istio-system --wait
  # The label that Knative's gateways select is derived from the name. kind has no load balancer.
  helm install istio-ingressgateway gateway --repo "$charts" --version "$istio" --namespace istio-system \
    --set service.type=NodePort --wait
}

install_knative() {
  helm install knative-operator --namespace knative-operator --create-namespace --wait \
    "https://github.com/knative/operator/releases/download/knative-$knative_operator/knative-operator-$knative_operator.tgz"
  kubectl apply --filename knative-serving.yaml
  kubectl wait --for=condition=Ready --timeout=600s --namespace knative-serving knativeserving/knative-serving
}

install_kserve() {
  helm install cert-manager cert-manager --repo https://charts.jetstack.io --version "$cert_manager" \
    --namespace cert-manager --create-namespace --set crds.enabled=true --wait
  local charts=oci://ghcr.io/kserve/charts
  helm install kserve-crd "$charts/kserve-crd" --version "$kserve" --namespace kserve --create-namespace --wait
  helm install kserve-resources "$charts/kserve-resources" --version "$kserve" --namespace kserve --wait
  helm install kserve-runtime-configs "$charts/kserve-runtime-configs" --version "$kserve" --namespace kserve --wait \
    --set kserve.servingruntime.enabled=true --set kserve.llmisvcConfigs.enabled=false
}

install_guard() {
  helm install kserve-mesh-guard "$guard" --namespace mesh-guard --create-namespace --wait
  # The guard sets Fail when the API server has called it and got the expected denial.
  kubectl wait --timeout=120s validatingwebhookconfiguration/kserve-mesh-guard \
    --for=jsonpath='{.webhooks[0].failurePolicy}'=Fail
}

# Calls the model through the ingress gateway, which has to answer with 200.
call_model() {
  local host forward status
  host=$(kubectl --namespace demo get inferenceservice sklearn-iris --output jsonpath='{.status.url}')
  kubectl --namespace istio-system port-forward service/istio-ingressgateway 18080:80 >/dev/null &
  forward=$!
  sleep 3
  status=$(curl --silent --show-error --output /dev/null --write-out '%{http_code}' --header "Host: ${host#*://}" \
    --json '{"instances": [[6.8, 2.8, 4.8, 1.4]]}' http://127.0.0.1:18080/v1/models/sklearn-iris:predict) || true
  kill "$forward"
  echo "status $status"
  [[ $status == 200 ]]
}

deny_strict_mesh() {
  local output
  if output=$(kubectl apply --filename ../strict-mesh.yaml 2>&1); then
    echo "the change was admitted, expected a denial: $output"
    return 1
  fi
  echo "$output"
  if [[ $output != *strict-mesh-plain-local-gateway* ]]; then
    echo 'the change was not denied by strict-mesh-plain-local-gateway'
    return 1
  fi
}

step 'Create a cluster' && create_cluster
step 'Install Istio' && install_istio
step 'Install Knative Serving' && install_knative
step 'Install KServe' && install_kserve
step 'Deploy a model' && kubectl apply --filename model.yaml
kubectl --namespace demo wait --for=condition=Ready --timeout=600s inferenceservice/sklearn-iris
step 'Call the model' && call_model
step 'Install mesh-guard' && install_guard
step 'Try to require mTLS in the whole mesh: the guard denies it' && deny_strict_mesh
step 'Call the model again: the change was not made' && call_model
