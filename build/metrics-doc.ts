import { metricTable } from '../src/observe/metrics.ts';

/** docs/metrics.md, made from the table that the agent answers from. */
export async function metricsDoc(): Promise<{ path: string; content: string }[]> {
  const rows = metricTable.map(
    ([name, help, labels]) =>
      `| \`keyferry_${name}\` | ${labels.map((x) => `\`${x}\``).join(', ')} | ${help} |`,
  );
  return [{ path: 'docs/metrics.md', content: `${[INTRODUCTION, ...rows].join('\n')}\n` }];
}

const INTRODUCTION = `# Metrics

<!-- Made from the table in src/observe/metrics.ts by "npm run generate": edit that instead. -->

\`GET /metrics\` on the control socket ([control.md](control.md)) answers in the text format of Prometheus. Prometheus does not read Unix sockets: a timer that runs
this as the agent's user hands the metrics to node_exporter's textfile collector.

\`\`\`sh
to=/var/lib/prometheus/node-exporter/keyferry.prom
curl -sf --unix-socket /run/keyferry/control.sock http://node/metrics > "$to.new" && mv "$to.new" "$to"
\`\`\`

What ends in \`_total\` counts from the start of the agent; all else is as it stands.

| metric | labels | means |
|---|---|---|`;
