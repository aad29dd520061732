// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { Alert, Outcome } from "../../daemon/model/alert.ts";
import { formatText } from "../../daemon/outputs/format-text.ts";
import { actsOnTerminal, sampleAlert, sampleContainer, sampleSubject } from "./fixtures/alert.ts";

process.env["TZ"] = "UTC";

function plain(changes: Partial<Alert> = {}): string {
  return formatText(sampleAlert(changes), { hasColor: false });
}

t.test("an alert reads as a headline and labelled facts", (t) => {
  t.equal(
    plain(),
    `03:04:05.123  Informational  Run Web Fetch Program in Container  DENIED
  output     Web fetch program ran (command=curl http://example.com)
  command    curl http://example.com
  program    /usr/bin/curl  pid 4711 (27 in the container) in /work dir, on a terminal
  image      byrnedo/alpine-curl:latest  sha256:${"5".repeat(64)}
  container  quirky_turing  3f2a9c1b0d4e  privileged
  compose    shop / web
  ancestry   init (4600) → sh (4700) → curl (4711)
  user       root (uid 0, gid 0 root), logged in as alice (uid 1000)
  policy     Web fetch  severity high  enforce  https://wiki/x
  host       node1  Linux 6.18.0  Docker 28.1.1

`,
  );
  t.end();
});

const headlines: { name: string; outcome: Outcome; ends: string }[] = [
  {
    name: "a denied exec stands out",
    outcome: { action: { kind: "deny" }, status: "done" },
    ends: "  DENIED",
  },
  {
    name: "monitor mode says what would have been done",
    outcome: { action: { kind: "deny" }, status: "would-do" },
    ends: "  would deny",
  },
  {
    name: "a paused container",
    outcome: { action: { kind: "pause" }, status: "done" },
    ends: "  paused",
  },
  {
    name: "a killed container is told from a killed process",
    outcome: { action: { kind: "kill-container" }, status: "done" },
    ends: "  container killed",
  },
  {
    name: "a failure is loud",
    outcome: { action: { kind: "kill-process" }, status: "failed", detail: "why" },
    ends: "  FAILED to kill the process",
  },
  {
    name: "a suppressed action",
    outcome: { action: { kind: "stop" }, status: "suppressed", detail: "cooldown" },
    ends: "  did not stop",
  },
  {
    name: "notified outputs are named",
    outcome: { action: { kind: "notify", outputs: ["ops", "oncall"] }, status: "done" },
    ends: "  notified ops, oncall",
  },
];
for (const { name, outcome, ends } of headlines) {
  t.test(name, (t) => {
    const [headline = "", ...lines] = plain({ outcomes: [outcome] }).split("\n");
    t.ok(headline.endsWith(ends), headline);
    const { detail } = outcome;
    t.equal(
      lines.some(
        (line) =>
          detail !== undefined && line.startsWith("  action") && line.endsWith(`: ${detail}`),
      ),
      detail !== undefined,
      "details are told below",
    );
    t.end();
  });
}

t.test("without policy there is no word after the rule", (t) => {
  const [headline] = plain({ outcomes: [], policies: [] }).split("\n");
  t.equal(headline, "03:04:05.123  Informational  Run Web Fetch Program in Container");
  t.end();
});

const hostileTexts = [
  { name: "a line break cannot forge a line", text: "x\n03:04 Forged", shown: "x\\n03:04 Forged" },
  {
    name: "ANSI escapes are shown, not obeyed",
    text: "\u001b[2J\u001b]0;t\u0007",
    shown: "\\x1b[2J\\x1b]0;t\\x07",
  },
  { name: "8-bit CSI is shown", text: "\u009b31m", shown: "\\x9b31m" },
  { name: "bidirectional overrides are shown", text: "a\u202egpj.exe", shown: "a\\u{202e}gpj.exe" },
  {
    name: "invisible characters are shown",
    text: "cu\u200brl\ufeff",
    shown: "cu\\u{200b}rl\\u{feff}",
  },
  { name: "lone surrogates are shown", text: "a\ud800", shown: "a\\u{d800}" },
  { name: "a carriage return cannot overwrite", text: "evil\rgood", shown: "evil\\rgood" },
  { name: "other languages stay as they are", text: "größe 文件 🙂", shown: "größe 文件 🙂" },
];
for (const { name, text, shown } of hostileTexts) {
  t.test(name, (t) => {
    const everywhere = plain({
      rule: text,
      output: text,
      process: {
        ...sampleSubject,
        cmdline: text,
        cwd: text,
        user: text,
        exepath: text,
        name: text,
      },
      policies: [{ name: text, severity: "low", mode: "monitor", runbook: text }],
      outcomes: [{ action: { kind: "pause" }, status: "failed", detail: text }],
      container: {
        ...sampleContainer,
        name: text,
        image: { ...sampleContainer.image, reference: text },
        compose: { project: text, service: text },
      },
    });
    t.equal(everywhere.split(shown).length - 1, 14, "each text is shown safely");
    t.notOk(actsOnTerminal(everywhere));
    t.equal(everywhere.split("\n").length, 14, "no line was added");
    t.end();
  });
}

t.test("a long command line is cut, and says so", (t) => {
  const text = plain({ process: { ...sampleSubject, cmdline: "a".repeat(100_000) } });
  t.match(text, /a{600}… \(\+99400 more\)\n/);
  t.ok(text.length < 3000);
  t.end();
});

t.test("a deep ancestry is cut in the middle", (t) => {
  const ancestors = Array.from({ length: 40 }, (_, i) => ({
    pid: 100 + i,
    vpid: i,
    name: `p${i}`,
    exepath: "/x",
    cmdline: "x",
  }));
  const line = plain({ ancestors })
    .split("\n")
    .find((text) => text.startsWith("  ancestry"));
  t.match(line, /p39 \(139\) → .* → … 25 more … → .* → p0 \(100\) → curl \(4711\)$/);
  t.end();
});

t.test("colour goes around the text and ends with it", (t) => {
  const text = formatText(sampleAlert(), { hasColor: true });
  t.match(text, "\u001b[1;31mDENIED\u001b[0m");
  const withoutColor = text
    .split("\u001b[")
    .map((part, i) => (i === 0 ? part : part.slice(part.indexOf("m") + 1)));
  t.equal(withoutColor.join(""), plain());
  t.end();
});

t.test("a container that the engine does not know is said to be unknown", (t) => {
  const { container: _container, ...alert } = sampleAlert();
  t.match(formatText(alert, { hasColor: false }), "container  unknown to the engine");
  const { process: _process, ...ownAlert } = alert;
  t.notMatch(formatText(ownAlert, { hasColor: false }), "container  ", "where there could be one");
  t.end();
});
