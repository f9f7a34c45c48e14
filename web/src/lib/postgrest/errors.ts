// What can go wrong when talking to the API. Pages never see a raw Response: they get one of these,
// and lib/problems turns it into words.

/** The API answered with an error; members are PostgREST's. */
export class PostgrestError extends Error {
  readonly status: number
  readonly code: string
  readonly details: string
  readonly hint: string
  readonly requestId: string | undefined
  /** Total rows, when a 416 answer carried it (page beyond the end). */
  readonly total: number | undefined

  constructor(fields: {
    status: number
    code?: string
    message?: string
    details?: string
    hint?: string
    requestId?: string
    total?: number
  }) {
    super(fields.message ?? `HTTP ${fields.status}`)
    this.name = 'PostgrestError'
    this.status = fields.status
    this.code = fields.code ?? ''
    this.details = fields.details ?? ''
    this.hint = fields.hint ?? ''
    this.requestId = fields.requestId
    this.total = fields.total
  }
}

/** The API could not be reached at all. */
export class NetworkError extends Error {
  readonly timedOut: boolean
  constructor(timedOut: boolean, cause: unknown) {
    super(timedOut ? 'timed out' : 'network error', { cause })
    this.name = 'NetworkError'
    this.timedOut = timedOut
  }
}

/** The update or delete was accepted but matched no row: gone, or not permitted (Deviation D-26). */
export class NoRowError extends Error {
  constructor() {
    super('no row matched')
    this.name = 'NoRowError'
  }
}
