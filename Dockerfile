# The image of the chart. Its base is the smallest official one with Node 24: it comes for every platform that Node itself
# is built for, gets fixes when Node does, and a registry that mirrors official images has it. What runs needs no shell,
# no npm and no package beside the bundle.
FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# Scripts of packages are not run: esbuild works without its own.
RUN npm ci --ignore-scripts
COPY scripts/bundle.ts scripts/licences.ts scripts/
COPY tsconfig.json ./
COPY src src
RUN node scripts/bundle.ts

FROM node:24-slim
LABEL org.opencontainers.image.title="kserve-mesh-guard" \
      org.opencontainers.image.description="Admission webhook that refuses changes which cut the way of a request to a KServe model on Istio" \
      org.opencontainers.image.licenses="Apache-2.0"
# Packages are not installed here.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-*
ENV NODE_ENV=production
WORKDIR /app
COPY LICENSE package.json ./
COPY --from=build /build/dist dist
# That of the chart. A number, so that the kubelet can see that it is not root.
USER 65532:65532
EXPOSE 8443 8080
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
