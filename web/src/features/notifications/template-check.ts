// Asks the server to check or render the parts of a template, and waits for the worker's answer.

import { callRpc, type WireRow } from '~/lib/postgrest/client'

export const PARTS = ['subject', 'html', 'text', 'sms'] as const
export type Part = (typeof PARTS)[number]
export type Parts = Readonly<Record<Part, string>>

export interface PartResult {
  valid: boolean
  message: string | null
  output: string | null
}

const LOOK_MS = 200
const LOOKS = 50

/** No worker answered in time. */
export class CheckUnavailable extends Error {}

const rowsOf = (answer: unknown): WireRow[] => (Array.isArray(answer) ? (answer as WireRow[]) : [])

/** Empty parts are not sent. With a sample the parts are rendered, without only checked. */
export async function checkParts(
  parts: Partial<Parts>,
  sample: unknown,
  signal: AbortSignal,
): Promise<Partial<Record<Part, PartResult>>> {
  const preview = sample !== undefined
  const args: WireRow = Object.fromEntries(PARTS.map((part) => [`p_${part}_template`, parts[part] || null]))
  if (preview) args.p_sample_entity_data = sample
  const started = rowsOf(await callRpc(preview ? 'preview_template_parts' : 'validate_template_parts', args, signal))
  const id = started[0]?.validation_id
  for (let look = 0; look < LOOKS; look++) {
    const answer = await callRpc(
      preview ? 'get_preview_results' : 'get_validation_results',
      { p_validation_id: id },
      signal,
    )
    const rows = rowsOf(answer)
    if (rows[0]?.status === 'completed') {
      return Object.fromEntries(
        rows.map((row): [string, PartResult] => [
          String(row.part_name),
          {
            valid: preview ? !row.error_message : row.valid === true,
            message: row.error_message ? String(row.error_message) : null,
            output: typeof row.rendered_output === 'string' ? row.rendered_output : null,
          },
        ]),
      )
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    signal.throwIfAborted()
  }
  throw new CheckUnavailable()
}
