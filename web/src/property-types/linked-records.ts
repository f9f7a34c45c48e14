// The records inside an embedded link table: `[{ "tags": { id, display_name, color } }, …]`.

export type LinkedRecord = Record<string, unknown>

const record = (value: unknown): LinkedRecord =>
  typeof value === 'object' && value !== null ? (value as LinkedRecord) : {}

/** Records the caller may not read come as null and are left out. */
export function linkedRecords(value: unknown, target: string): LinkedRecord[] {
  return (Array.isArray(value) ? value : [])
    .map((entry) => record(record(entry)[target]))
    .filter((linked) => linked.id !== undefined)
}
