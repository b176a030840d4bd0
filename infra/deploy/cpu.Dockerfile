# A worker that trains and generates on CPUs, and the `reft` command. From the repository's folder:
#   docker build --file infra/deploy/cpu.Dockerfile --tag reft:0.2.0 .
#   docker run --env TEMPORAL_ADDRESS=… --env S3_ENDPOINT=… reft:0.2.0 worker --queue engine
FROM node:20-bookworm-slim AS packages
WORKDIR /reft
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev
COPY infra/deploy/leaveOut.mjs ./
RUN node leaveOut.mjs node_modules

FROM node:20-bookworm-slim
# tini hands on signals and reaps processes whose parent was killed. Debian keeps one version of each, so none is pinned.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates tini \
  && rm -rf /var/lib/apt/lists/*

WORKDIR /reft
COPY --from=packages /reft/node_modules ./node_modules
COPY package.json tsconfig.json ./
COPY activities ./activities
COPY infra ./infra
COPY workers ./workers
COPY workflows ./workflows
# The workflows' bundle, which workers would make at each start: nothing of it can be kept in a read-only container.
RUN node --import tsx --input-type=module \
  --eval "const { bundleWorkflows } = await import('./workers/bundleWorkflows.ts'); await bundleWorkflows();" \
  && rm -rf /tmp/*

# Copies of what is in S3: the one folder that a worker writes to, beside /tmp.
RUN mkdir --parents /var/lib/reft && chown node:node /var/lib/reft
ENV REFT_STATE_DIR=/var/lib/reft REFT_HEALTH_ADDRESS=0.0.0.0:8236
# The user `node`, as a number: Kubernetes cannot tell from a name that it is not root.
USER 1000:1000
EXPOSE 8236
HEALTHCHECK --interval=30s --timeout=10s --start-period=3m \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8236/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "node", "workers/bin/reft.js"]
CMD ["worker"]
