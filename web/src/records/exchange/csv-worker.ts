// Looks at a file of comma-separated values beside the page, which stays usable.

import { previewCsv } from './csv'

interface Scope {
  onmessage: ((event: MessageEvent<{ file: Blob; rows: number }>) => void) | null
  postMessage: (message: unknown) => void
}

const scope = globalThis as unknown as Scope
scope.onmessage = ({ data }) => {
  void data.file.text().then((text) => scope.postMessage(previewCsv(text, data.rows)))
}
