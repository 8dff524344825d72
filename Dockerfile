# Image of the chart. The base is the smallest official image with Node 24: it is built for every platform of Node, gets
# fixes when Node does, and is in every registry that mirrors official images. The program needs no shell, no npm and no
# package besides the bundle.
# Its output is the same for every platform, so it runs on the platform of the machine.
FROM --platform=$BUILDPLATFORM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# esbuild works without its install script.
RUN npm ci --ignore-scripts
COPY scripts/bundle.ts scripts/licenses.ts scripts/
COPY tsconfig.json ./
COPY src src
RUN node scripts/bundle.ts

FROM node:24-slim
LABEL org.opencontainers.image.title="kserve-mesh-guard" \
      org.opencontainers.image.description="Kubernetes admission webhook that denies changes which break request paths to KServe InferenceServices on Istio" \
      org.opencontainers.image.licenses="Apache-2.0"
# Remove npm, npx, corepack and yarn: no packages are installed in this stage.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-*
ENV NODE_ENV=production
WORKDIR /app
COPY LICENSE package.json ./
COPY --from=build /build/dist dist
# runAsUser of the chart; numeric, so that the kubelet can verify runAsNonRoot.
USER 65532:65532
EXPOSE 8443 8080
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
