# Kintsugi in one image: `docker run kintsugi:0.1.0 gateway` or `worker`. Build: docker build -t kintsugi:0.1.0 .
FROM node:24-slim AS build
WORKDIR /kintsugi
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
# The workflows are bundled here, once: a worker that starts needs no compiler and no time for it.
RUN npx tsc -p tsconfig.build.json \
 && node dist/worker/build-bundle.js dist/workflow-bundle.js \
 && npm prune --omit=dev --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production \
    NODE_OPTIONS=--max-old-space-size=768 \
    KINTSUGI_RUNBOOKS=/kintsugi/runbooks \
    KINTSUGI_HOME=/var/lib/kintsugi
WORKDIR /kintsugi
COPY --from=build /kintsugi/package.json ./
COPY --from=build /kintsugi/node_modules ./node_modules
COPY --from=build /kintsugi/dist ./dist
COPY bin ./bin
COPY runbooks ./runbooks
# Writable for whichever user it runs as; a volume mounted here takes this over.
RUN install -d -m 1777 /var/lib/kintsugi
# The image's own user `node`, uid 1000: it owns nothing of the program.
USER node
ENTRYPOINT ["node", "bin/kintsugi.mjs"]
CMD ["--help"]
