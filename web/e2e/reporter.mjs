// Node's test events as one line per test, the errors, and the counts that ./dev adds up.

const counts = { passed: 0, failed: 0, skipped: 0 }

function outcome(data) {
  if (data.skip !== undefined && data.skip !== false) return 'skipped'
  return data.passed ? 'passed' : 'failed'
}

export default async function* report(source) {
  for await (const { type, data } of source) {
    if (type === 'test:pass' || type === 'test:fail') {
      // A suite and the file itself are no tests; they count only when they fail without a failed test.
      if (data.details?.type === 'suite' || data.name.endsWith('suite.mjs')) {
        if (type === 'test:fail' && counts.failed === 0) counts.failed += 1
        else continue
      } else {
        counts[outcome({ ...data, passed: type === 'test:pass' })] += 1
      }
      const seconds = ((data.details?.duration_ms ?? 0) / 1000).toFixed(1)
      const mark = type === 'test:fail' ? 'FAILED' : data.skip ? 'skipped' : 'ok'
      yield `${mark.padEnd(7)} ${data.name} (${seconds} s)\n`
      if (type === 'test:fail') {
        const error = data.details?.error?.cause ?? data.details?.error
        yield `${String(error?.stack ?? error)
          .split('\n')
          .map((line) => `        ${line}`)
          .join('\n')}\n`
      }
    } else if (type === 'test:stdout' || type === 'test:stderr') {
      yield data.message
    }
  }
  yield `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`
}
