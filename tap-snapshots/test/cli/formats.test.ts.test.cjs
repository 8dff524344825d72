/* IMPORTANT
 * This snapshot file is auto-generated, but designed for humans.
 * It should be checked into source control and tracked carefully.
 * Re-generate by setting TAP_SNAPSHOT=1 and running tests.
 * Make sure to inspect the output below.  Do not ignore changes!
 */
'use strict'
exports[`test/cli/formats.test.ts > TAP > broken cluster > access -o json 1`] = `
{
  "apiVersion": "mesh-guard.io/v1",
  "kind": "Access",
  "workloads": [
    {
      "namespace": "user1",
      "kind": "Pod",
      "name": "httpbin-1",
(359 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > access -o mermaid 1`] = `
flowchart LR
  n0(["user1/httpbin-1"])
  n1["user1/sklearn-iris"]
  n2(["user1/sklearn-iris-burst-1"])
  n3(["user2/sleep-1"])
  n4["user1/sklearn-iris-burst"]
  n5(["user1/sklearn-iris-1"])
  n0 --> n1
(13 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > access -o text 1`] = `
WORKLOAD                    user1/sklearn-iris  user1/sklearn-iris-burst
user1/httpbin-1             ok                  ok
user1/sklearn-iris-1        -                   ok
user1/sklearn-iris-burst-1  ok                  -
user2/sleep-1               BLOCKED             BLOCKED 2/4

mesh-guard access NAMESPACE/NAME shows addresses, identities and causes
Istio in namespace istio-system (MutatingWebhookConfiguration istio-sidecar-injector)
(10 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > access -o wide 1`] = `
user1/sklearn-iris: 2 of 3 workloads can call it
  ok      user1/httpbin-1, user1/sklearn-iris-burst-1 via InferenceService URL or via component host: direct (Serve mode...
    host sklearn-iris-predictor.user1.svc.cluster.local
    ok      caller->pod
        route: VirtualService user1/sklearn-iris-predictor-mesh to sklearn-iris-predictor-00001.user1.svc.cluster.local:...
        client sends mTLS (auto mTLS: endpoint has label security.istio.io/tlsMode=istio; Pod user1/sklearn-iris-1 metad...
        server accepts only mTLS (STRICT: PeerAuthentication user1/default spec.mtls.mode)
        authz: allowed, user1/httpbin (an ALLOW rule matches: AuthorizationPolicy user1/allow-serving-tests spec.rules)
(61 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > access -o yaml 1`] = `
apiVersion: mesh-guard.io/v1
kind: Access
workloads:
  - namespace: user1
    kind: Pod
    name: httpbin-1
    serviceAccount: httpbin
    proxy: sidecar
(243 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > audit -o github 1`] = `
::warning file=examples/four-outcomes/models.yaml,line=25,title=activator-bypasses-policy::InferenceService user1/sklear...
::warning file=examples/four-outcomes/policy.yaml,line=13,title=policy-denies-request-path::AuthorizationPolicy user1/al...
2 findings
(3 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > audit -o json 1`] = `
{
  "apiVersion": "mesh-guard.io/v1",
  "kind": "CheckReport",
  "decision": "warn",
  "steps": [],
  "findings": [
    {
      "rule": "activator-bypasses-policy",
(245 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > audit -o junit 1`] = `
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="mesh-guard" tests="2" failures="0" errors="0" skipped="0">
  <testsuite name="mesh-guard" tests="2" failures="0" errors="0" skipped="0">
    <testcase classname="activator-bypasses-policy" name="InferenceService user1/sklearn-iris-burst" file="examples/four...
  examples/four-outcomes/models.yaml:25: InferenceService user1/sklearn-iris-burst spec.predictor
  AuthorizationPolicy user1/allow-serving-tests is bypassed: denied callers reach user1/sklearn-iris-burst via activator
  exposes user1/sklearn-iris-burst: cross-namespace-via-activator
  symptom: 200 instead of 403 for callers that an AuthorizationPolicy on the model should deny
(20 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > audit -o markdown 1`] = `
**WARN: 2 findings**

| Mode | Rule | Object | Problem | Fix |
| --- | --- | --- | --- | --- |
| warn | activator-bypasses-policy | InferenceService user1/sklearn-iris-burst spec.predictor (examples/four-outcomes/mo...
| warn | policy-denies-request-path | AuthorizationPolicy user1/allow-serving-tests spec.rules (examples/four-outcomes/p...
(6 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > audit -o sarif 1`] = `
{
  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "version": "2.1.0",
  "runs": [
    {
      "tool": {
        "driver": {
          "name": "mesh-guard",
(180 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > audit -o text 1`] = `
warn activator-bypasses-policy
  examples/four-outcomes/models.yaml:25: InferenceService user1/sklearn-iris-burst spec.predictor
  AuthorizationPolicy user1/allow-serving-tests is bypassed: denied callers reach user1/sklearn-iris-burst via activator
  exposes user1/sklearn-iris-burst: cross-namespace-via-activator
  symptom: 200 instead of 403 for callers that an AuthorizationPolicy on the model should deny
  fix: Deny other namespaces at the activator, or bypass it: targetBurstCapacity "0" and minReplicas 1 (--show-fix print...
  more: mesh-guard rules activator-bypasses-policy
warn policy-denies-request-path
(16 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > audit -o yaml 1`] = `
apiVersion: mesh-guard.io/v1
kind: CheckReport
decision: warn
steps: []
findings:
  - rule: activator-bypasses-policy
    category: exposure
    severity: medium
(141 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > check -o github 1`] = `
1 change: 0 denied, 0 with warnings, 1 allowed
(1 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > check -o json 1`] = `
{
  "apiVersion": "mesh-guard.io/v1",
  "kind": "CheckReport",
  "decision": "allow",
  "steps": [
    {
      "object": {
        "apiVersion": "security.istio.io/v1",
(49 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > check -o junit 1`] = `
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="mesh-guard" tests="1" failures="0" errors="0" skipped="0">
  <testsuite name="mesh-guard" tests="1" failures="0" errors="0" skipped="0">
    <testcase classname="examples/strict-mesh.yaml" name="CREATE PeerAuthentication istio-system/default" file="examples...
  </testsuite>
</testsuites>
(6 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > check -o markdown 1`] = `
**ALLOW: 1 change: 0 denied, 0 with warnings, 1 allowed**
(1 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > check -o sarif 1`] = `
{
  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "version": "2.1.0",
  "runs": [
    {
      "tool": {
        "driver": {
          "name": "mesh-guard",
(22 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > check -o text 1`] = `
ALLOW examples/strict-mesh.yaml:2: CREATE PeerAuthentication istio-system/default
1 change: 0 denied, 0 with warnings, 1 allowed
(2 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > check -o yaml 1`] = `
apiVersion: mesh-guard.io/v1
kind: CheckReport
decision: allow
steps:
  - object:
      apiVersion: security.istio.io/v1
      kind: PeerAuthentication
      name: default
(32 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > diff -o json 1`] = `
{
  "apiVersion": "mesh-guard.io/v1",
  "kind": "Diff",
  "closes": [
    {
      "inferenceServices": [
        "user1/sklearn-iris"
      ],
(957 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > diff -o markdown 1`] = `
**8 request paths close, 0 open, 5 peer identity changes**

| Change | Caller | Address | At | InferenceServices | Cause |
| --- | --- | --- | --- | --- | --- |
| closes | in-mesh (any namespace) | component host | caller->pod | 2: user1/sklearn-iris, user1/sklearn-iris-burst | po...
| closes | external | InferenceService URL | gateway->pod | 2: user1/sklearn-iris, user1/sklearn-iris-burst | policy-den...
| closes | in-mesh (any namespace) | InferenceService URL | caller->pod | 2: user1/sklearn-iris, user1/sklearn-iris-burs...
| closes | non-mesh (if any exist) | InferenceService URL | gateway->pod | 2: user1/sklearn-iris, user1/sklearn-iris-bur...
(12 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > diff -o text 1`] = `
CHANGE    CALLER                   ADDRESS               AT            INFERENCESERVICES                                ...
closes    in-mesh (any namespace)  component host        caller->pod   2: user1/sklearn-iris, user1/sklearn-iris-burst  ...
closes    external                 InferenceService URL  gateway->pod  2: user1/sklearn-iris, user1/sklearn-iris-burst  ...
closes    in-mesh (any namespace)  InferenceService URL  caller->pod   2: user1/sklearn-iris, user1/sklearn-iris-burst  ...
closes    non-mesh (if any exist)  InferenceService URL  gateway->pod  2: user1/sklearn-iris, user1/sklearn-iris-burst  ...
identity  probe                    autoscaler                          2: user1/sklearn-iris, user1/sklearn-iris-burst  ...
identity  in-mesh (any namespace)  component host                      user1/sklearn-iris-burst                         ...
identity  in-mesh (any namespace)  InferenceService URL                user1/sklearn-iris-burst                         ...
(10 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > diff -o yaml 1`] = `
apiVersion: mesh-guard.io/v1
kind: Diff
closes:
  - inferenceServices:
      - user1/sklearn-iris
    caller: in-mesh
    via: component
    activatorMode: serve
(512 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > explain -o json 1`] = `
{
  "apiVersion": "mesh-guard.io/v1",
  "kind": "Explanation",
  "models": [
    {
      "inferenceService": "user1/sklearn-iris",
      "paths": [
        {
(3035 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > explain -o mermaid 1`] = `
flowchart LR
  n0(["in-mesh (any other namespace)"])
  n1["user1/sklearn-iris pod"]
  n2(["in-mesh (user1)"])
  n3(["external"])
  n4["user1/sklearn-iris ingress-gateway"]
  n5(["non-mesh (if any exist)"])
  n6["user1/sklearn-iris local-gateway"]
(32 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > explain -o text 1`] = `
RESULT   INFERENCESERVICES         EXTERNAL     IN-MESH      NON-MESH     PROBE  CAUSES
BLOCKED  user1/sklearn-iris        BLOCKED      BLOCKED 2/4  BLOCKED      ok     1
BLOCKED  user1/sklearn-iris-burst  BLOCKED 1/2  BLOCKED 2/8  BLOCKED 1/2  ok     1

[1] policy-denies-request-path: AuthorizationPolicy user1/allow-serving-tests spec.rules (2 InferenceServices)
    AuthorizationPolicy user1/allow-serving-tests denies callers of other namespaces at user1/sklearn-iris (403)

2 of 2 InferenceServices affected; mesh-guard explain NAMESPACE/NAME shows the paths
(8 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > explain -o wide 1`] = `
user1/sklearn-iris: 3 ok, 4 blocked of 7 paths
  RESULT       CALLER                         ADDRESS                                 PATH
  BLOCKED [1]  in-mesh (any other namespace)  component host or InferenceService URL  caller --x pod
  BLOCKED [1]  external                       InferenceService URL                    caller --> ingress-gateway --x pod
  BLOCKED [1]  non-mesh (if any exist)        InferenceService URL                    caller --> local-gateway --x pod
  ok           in-mesh (user1)                component host or InferenceService URL  caller --> pod
  ok           probe                          autoscaler                              autoscaler --> pod

(112 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > explain -o yaml 1`] = `
apiVersion: mesh-guard.io/v1
kind: Explanation
models:
  - inferenceService: user1/sklearn-iris
    paths:
      - caller: in-mesh
        via: component
        activatorMode: serve
(1938 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > fix -o json 1`] = `
{
  "apiVersion": "mesh-guard.io/v1",
  "kind": "Fix",
  "outcome": "admitted",
  "documents": [
    {
      "object": {
        "apiVersion": "security.istio.io/v1",
(37 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > fix -o manifests 1`] = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: default
  namespace: istio-system
spec:
  mtls:
    mode: STRICT
(8 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > fix -o text 1`] = `
1 manifest: 0 changed, 0 moved, 0 added, 0 to delete, 0 denied
(1 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > fix -o yaml 1`] = `
apiVersion: mesh-guard.io/v1
kind: Fix
outcome: admitted
documents:
  - object:
      apiVersion: security.istio.io/v1
      kind: PeerAuthentication
      name: default
(26 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > plan -o json 1`] = `
{
  "apiVersion": "mesh-guard.io/v1",
  "kind": "Plan",
  "outcome": "planned",
  "steps": [
    {
      "object": {
        "apiVersion": "security.istio.io/v1",
(38 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > plan -o manifests 1`] = `
# Step 1 of 1: apply PeerAuthentication istio-system/default
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: default
  namespace: istio-system
spec:
  mtls:
(9 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > plan -o text 1`] = `
STEP  DECISION  CHANGE                                                                        NOTE
1     allow     CREATE PeerAuthentication istio-system/default (examples/strict-mesh.yaml:2)
1 step: no step is denied
(3 lines)
`

exports[`test/cli/formats.test.ts > TAP > broken cluster > plan -o yaml 1`] = `
apiVersion: mesh-guard.io/v1
kind: Plan
outcome: planned
steps:
  - object:
      apiVersion: security.istio.io/v1
      kind: PeerAuthentication
      name: default
(27 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > access -o json 1`] = `
{
  "apiVersion": "mesh-guard.io/v1",
  "kind": "Access",
  "workloads": [
    {
      "namespace": "batch",
      "kind": "Pod",
      "name": "nightly-score-28417-9qv7z",
(333 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > access -o mermaid 1`] = `
flowchart LR
  n0(["batch/nightly-score-28417-9qv7z (no sidecar)"])
  n1["user1/sklearn-iris"]
  n2(["user1/httpbin-6484879498-qxqj8"])
  n3(["user1/sklearn-iris-burst-predictor-00001-deployment-5685f4d0c-x0k2p"])
  n4(["user2/sleep-6d6b49d8b8-6ths6"])
  n5["user1/sklearn-iris-burst"]
  n6(["user1/sklearn-iris-predictor-00001-deployment-5685f4d0c-x0k2p"])
(16 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > access -o text 1`] = `
WORKLOAD                                                             user1/sklearn-iris  user1/sklearn-iris-burst
batch/nightly-score-28417-9qv7z (no sidecar)                         ok                  ok
user1/httpbin-6484879498-qxqj8                                       ok                  ok
user1/sklearn-iris-burst-predictor-00001-deployment-5685f4d0c-x0k2p  ok                  -
user1/sklearn-iris-predictor-00001-deployment-5685f4d0c-x0k2p        -                   ok
user2/sleep-6d6b49d8b8-6ths6                                         ok                  ok

mesh-guard access NAMESPACE/NAME shows addresses, identities and causes
(11 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > access -o wide 1`] = `
user1/sklearn-iris: 4 of 4 workloads can call it
  ok      batch/nightly-score-28417-9qv7z (no sidecar) via InferenceService URL: direct (Serve mode), as istio-system/is...
    host sklearn-iris.user1.svc.cluster.local
    ok      caller->local-gateway
        client sends plaintext (client has no sidecar)
        server accepts plaintext HTTP (HTTP: Gateway knative-serving/knative-local-gateway spec.servers[0].port.protocol...
        authz: allowed, unauthenticated (no AuthorizationPolicy denies it)
    ok      ingress-gateway->local-gateway
(145 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > access -o yaml 1`] = `
apiVersion: mesh-guard.io/v1
kind: Access
workloads:
  - namespace: batch
    kind: Pod
    name: nightly-score-28417-9qv7z
    serviceAccount: default
    proxy: none
(223 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > audit -o github 1`] = `
0 findings
(1 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > audit -o json 1`] = `
{
  "apiVersion": "mesh-guard.io/v1",
  "kind": "CheckReport",
  "decision": "allow",
  "steps": [],
  "findings": [],
  "notEvaluated": [],
  "skipped": [],
(32 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > audit -o junit 1`] = `
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="mesh-guard" tests="1" failures="0" errors="0" skipped="0">
  <testsuite name="mesh-guard" tests="1" failures="0" errors="0" skipped="0">
    <testcase classname="mesh-guard" name="no finding"><system-out></system-out></testcase>
  </testsuite>
</testsuites>
(6 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > audit -o markdown 1`] = `
**ALLOW: 0 findings**
(1 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > audit -o sarif 1`] = `
{
  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "version": "2.1.0",
  "runs": [
    {
      "tool": {
        "driver": {
          "name": "mesh-guard",
(22 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > audit -o text 1`] = `
0 findings
(1 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > audit -o yaml 1`] = `
apiVersion: mesh-guard.io/v1
kind: CheckReport
decision: allow
steps: []
findings: []
notEvaluated: []
skipped: []
installation:
(20 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > check -o github 1`] = `
::error file=examples/strict-mesh.yaml,line=9,title=strict-mesh-plain-local-gateway::PeerAuthentication istio-system/def...
1 change: 1 denied, 0 with warnings, 0 allowed
(2 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > check -o json 1`] = `
{
  "apiVersion": "mesh-guard.io/v1",
  "kind": "CheckReport",
  "decision": "deny",
  "steps": [
    {
      "object": {
        "apiVersion": "security.istio.io/v1",
(125 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > check -o junit 1`] = `
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="mesh-guard" tests="1" failures="1" errors="0" skipped="0">
  <testsuite name="mesh-guard" tests="1" failures="1" errors="0" skipped="0">
    <testcase classname="examples/strict-mesh.yaml" name="CREATE PeerAuthentication istio-system/default" file="examples...
  deny strict-mesh-plain-local-gateway
    examples/strict-mesh.yaml:9: PeerAuthentication istio-system/default spec.mtls.mode
    Mesh-wide STRICT, but knative-serving/knative-local-gateway accepts only plaintext (2 models affected)
    symptom: none today; 503 \`UF\` for every model as soon as a DestinationRule enables mTLS to the local gateway
(12 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > check -o markdown 1`] = `
**DENY: 1 change: 1 denied, 0 with warnings, 0 allowed**

| Mode | Rule | Object | Problem | Fix |
| --- | --- | --- | --- | --- |
| deny | strict-mesh-plain-local-gateway | PeerAuthentication istio-system/default spec.mtls.mode (examples/strict-mesh....
(5 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > check -o sarif 1`] = `
{
  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "version": "2.1.0",
  "runs": [
    {
      "tool": {
        "driver": {
          "name": "mesh-guard",
(103 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > check -o text 1`] = `
DENY  examples/strict-mesh.yaml:2: CREATE PeerAuthentication istio-system/default
  deny strict-mesh-plain-local-gateway
    examples/strict-mesh.yaml:9: PeerAuthentication istio-system/default spec.mtls.mode
    Mesh-wide STRICT, but knative-serving/knative-local-gateway accepts only plaintext (2 models affected)
    symptom: none today; 503 \`UF\` for every model as soon as a DestinationRule enables mTLS to the local gateway
    fix: First let knative-serving/knative-local-gateway accept mTLS and plaintext on port 8081. Then re-apply this chan...
    more: mesh-guard rules strict-mesh-plain-local-gateway
1 change: 1 denied, 0 with warnings, 0 allowed
(8 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > check -o yaml 1`] = `
apiVersion: mesh-guard.io/v1
kind: CheckReport
decision: deny
steps:
  - object:
      apiVersion: security.istio.io/v1
      kind: PeerAuthentication
      name: default
(85 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > diff -o json 1`] = `
{
  "apiVersion": "mesh-guard.io/v1",
  "kind": "Diff",
  "closes": [],
  "opens": [],
  "identities": [],
  "added": [],
  "removed": [],
(10 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > diff -o markdown 1`] = `
**0 request paths close, 0 open**
(1 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > diff -o text 1`] = `
0 request paths close, 0 open
(1 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > diff -o yaml 1`] = `
apiVersion: mesh-guard.io/v1
kind: Diff
closes: []
opens: []
identities: []
added: []
removed: []
notEvaluated: []
(8 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > explain -o json 1`] = `
{
  "apiVersion": "mesh-guard.io/v1",
  "kind": "Explanation",
  "models": [
    {
      "inferenceService": "user1/sklearn-iris",
      "paths": [
        {
(1823 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > explain -o mermaid 1`] = `
flowchart LR
  n0(["in-mesh (any namespace)"])
  n1["user1/sklearn-iris pod"]
  n2(["external"])
  n3["user1/sklearn-iris ingress-gateway"]
  n4["user1/sklearn-iris local-gateway"]
  n5(["non-mesh (if any exist)"])
  n6(["autoscaler"])
(31 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > explain -o text 1`] = `
ok       2: user1/sklearn-iris, user1/sklearn-iris-burst

0 of 2 InferenceServices affected; mesh-guard explain NAMESPACE/NAME shows the paths
(3 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > explain -o wide 1`] = `
user1/sklearn-iris: 5 ok of 5 paths
  RESULT  CALLER                   ADDRESS               PATH
  ok      in-mesh (any namespace)  component host        caller --> pod
  ok      external                 InferenceService URL  caller --> ingress-gateway --> local-gateway --> pod
  ok      in-mesh (any namespace)  InferenceService URL  caller --> local-gateway --> pod
  ok      non-mesh (if any exist)  InferenceService URL  caller --> local-gateway --> local-gateway --> pod
  ok      probe                    autoscaler            autoscaler --> pod

(103 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > explain -o yaml 1`] = `
apiVersion: mesh-guard.io/v1
kind: Explanation
models:
  - inferenceService: user1/sklearn-iris
    paths:
      - caller: in-mesh
        via: component
        activatorMode: serve
(1288 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > fix -o json 1`] = `
{
  "apiVersion": "mesh-guard.io/v1",
  "kind": "Fix",
  "outcome": "admitted",
  "documents": [
    {
      "object": {
        "apiVersion": "networking.istio.io/v1beta1",
(164 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > fix -o manifests 1`] = `
apiVersion: networking.istio.io/v1beta1
kind: Gateway
metadata:
  name: knative-local-gateway
  namespace: knative-serving
  labels:
    app.kubernetes.io/component: net-istio
    app.kubernetes.io/name: knative-serving
(37 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > fix -o text 1`] = `
ADD    Gateway knative-serving/knative-local-gateway
  strict-mesh-plain-local-gateway: Mesh-wide STRICT, but knative-serving/knative-local-gateway accepts only plaintext (2...
    fix: First let knative-serving/knative-local-gateway accept mTLS and plaintext on port 8081. Then re-apply this chan...
1 manifest: 0 changed, 0 moved, 1 added, 0 to delete, 0 denied
(4 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > fix -o yaml 1`] = `
apiVersion: mesh-guard.io/v1
kind: Fix
outcome: admitted
documents:
  - object:
      apiVersion: networking.istio.io/v1beta1
      kind: Gateway
      namespace: knative-serving
(113 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > plan -o json 1`] = `
{
  "apiVersion": "mesh-guard.io/v1",
  "kind": "Plan",
  "outcome": "planned",
  "steps": [
    {
      "object": {
        "apiVersion": "networking.istio.io/v1beta1",
(94 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > plan -o manifests 1`] = `
# Step 1 of 2, inserted: apply Gateway knative-serving/knative-local-gateway
apiVersion: networking.istio.io/v1beta1
kind: Gateway
metadata:
  name: knative-local-gateway
  namespace: knative-serving
  labels:
    app.kubernetes.io/component: net-istio
(39 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > plan -o text 1`] = `
STEP  DECISION  CHANGE                                                                        NOTE
1     allow     UPDATE Gateway knative-serving/knative-local-gateway                          inserted: a later step is ...
2     allow     CREATE PeerAuthentication istio-system/default (examples/strict-mesh.yaml:2)
2 steps, 1 inserted: no step is denied
(4 lines)
`

exports[`test/cli/formats.test.ts > TAP > healthy cluster > plan -o yaml 1`] = `
apiVersion: mesh-guard.io/v1
kind: Plan
outcome: planned
steps:
  - object:
      apiVersion: networking.istio.io/v1beta1
      kind: Gateway
      namespace: knative-serving
(65 lines)
`

exports[`test/cli/formats.test.ts > TAP > large cluster > audit -o github 1`] = `
::error title=client-mtls-to-plain-listener::DestinationRule istio-system/default spec.trafficPolicy.tls.mode%0Aistio-sy...
1 finding
(2 lines)
`

exports[`test/cli/formats.test.ts > TAP > large cluster > audit -o json 1`] = `
{
  "apiVersion": "mesh-guard.io/v1",
  "kind": "CheckReport",
  "decision": "deny",
  "steps": [],
  "findings": [
    {
      "rule": "client-mtls-to-plain-listener",
(13278 lines)
`

exports[`test/cli/formats.test.ts > TAP > large cluster > audit -o junit 1`] = `
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="mesh-guard" tests="1" failures="1" errors="0" skipped="0">
  <testsuite name="mesh-guard" tests="1" failures="1" errors="0" skipped="0">
    <testcase classname="client-mtls-to-plain-listener" name="DestinationRule istio-system/default"><failure type="clien...
  DestinationRule istio-system/default spec.trafficPolicy.tls.mode
  istio-system gateways send mTLS to Gateway knative-serving/knative-local-gateway:8081, which accepts only plaintext
  blocks team-0/model-0 for external at ingress-gateway-&gt;local-gateway, in-mesh at caller-&gt;local-gateway, in-mesh ...
  blocks team-0/model-12 for external at ingress-gateway-&gt;local-gateway, in-mesh at caller-&gt;local-gateway, in-mesh...
(538 lines)
`

exports[`test/cli/formats.test.ts > TAP > large cluster > audit -o markdown 1`] = `
**DENY: 1 finding**

| Mode | Rule | Object | Problem | Fix |
| --- | --- | --- | --- | --- |
| deny | client-mtls-to-plain-listener | DestinationRule istio-system/default spec.trafficPolicy.tls.mode | istio-system...
(5 lines)
`

exports[`test/cli/formats.test.ts > TAP > large cluster > audit -o sarif 1`] = `
{
  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "version": "2.1.0",
  "runs": [
    {
      "tool": {
        "driver": {
          "name": "mesh-guard",
(65 lines)
`

exports[`test/cli/formats.test.ts > TAP > large cluster > audit -o text 1`] = `
deny client-mtls-to-plain-listener
  DestinationRule istio-system/default spec.trafficPolicy.tls.mode
  istio-system gateways send mTLS to Gateway knative-serving/knative-local-gateway:8081, which accepts only plaintext
  blocks team-0/model-0 for external at ingress-gateway->local-gateway, in-mesh at caller->local-gateway, in-mesh (team-...
  blocks team-0/model-12 for external at ingress-gateway->local-gateway, in-mesh at caller->local-gateway, in-mesh (team...
  blocks team-0/model-16 for external at ingress-gateway->local-gateway, in-mesh at caller->local-gateway, in-mesh (team...
  blocks team-0/model-20 for external at ingress-gateway->local-gateway, in-mesh at caller->local-gateway, in-mesh (team...
  blocks team-0/model-24 for external at ingress-gateway->local-gateway, in-mesh at caller->local-gateway, in-mesh (team...
(534 lines)
`

exports[`test/cli/formats.test.ts > TAP > large cluster > explain -o json 1`] = `
{
  "apiVersion": "mesh-guard.io/v1",
  "kind": "Explanation",
  "models": [
    {
      "inferenceService": "team-0/model-0",
      "paths": [
        {
(720242 lines)
`

exports[`test/cli/formats.test.ts > TAP > large cluster > explain -o mermaid 1`] = `
flowchart LR
  n0(["in-mesh (any other namespace)"])
  n1["team-0/model-0 local-gateway"]
  n2(["in-mesh (team-2, team-5, team-8)"])
  n3["team-0/model-0 pod"]
  n4["team-0/model-0 activator"]
  n5(["external"])
  n6["team-0/model-0 ingress-gateway"]
(10490 lines)
`

exports[`test/cli/formats.test.ts > TAP > large cluster > explain -o text 1`] = `
RESULT   INFERENCESERVICES                                                   EXTERNAL  IN-MESH      NON-MESH  PROBE  CAU...
BLOCKED  350: team-0/model-0, team-0/model-11, team-0/model-12 and 347 more  BLOCKED   BLOCKED 3/5  BLOCKED   ok     1
BLOCKED  175: team-0/model-1, team-0/model-13, team-0/model-17 and 172 more  BLOCKED   BLOCKED 3/4  BLOCKED   ok     1
BLOCKED  user1/sklearn-iris                                                  BLOCKED   BLOCKED 2/4  BLOCKED   ok     1
BLOCKED  user1/sklearn-iris-burst                                            BLOCKED   BLOCKED 2/6  BLOCKED   ok     1
ok       475: team-0/model-10, team-0/model-14, team-0/model-18 and 472 more

[1] client-mtls-to-plain-listener: DestinationRule istio-system/default spec.trafficPolicy.tls.mode (527 InferenceServic...
(11 lines)
`

exports[`test/cli/formats.test.ts > TAP > large cluster > explain -o wide 1`] = `
team-0/model-0: 3 ok, 5 blocked of 8 paths
  RESULT       CALLER                            ADDRESS                                 PATH
  BLOCKED [1]  in-mesh (any other namespace)     component host or InferenceService URL  caller --x local-gateway
  BLOCKED [1]  external                          InferenceService URL                    caller --> ingress-gateway --x ...
  BLOCKED [1]  in-mesh (team-2, team-5, team-8)  InferenceService URL                    caller --> local-gateway --x lo...
  BLOCKED [1]  non-mesh (if any exist)           InferenceService URL                    caller --> local-gateway --x lo...
  ok           in-mesh (team-2, team-5, team-8)  component host                          caller --> local-gateway --> po...
  ok           in-mesh (team-2, team-5, team-8)  component host                          caller --> local-gateway --> ac...
(43094 lines)
`
