/** An answer that is not a success: the server's problem+json (RFC 9457), or our own words when there was no answer. */
export class Problem extends Error {
  override readonly name = 'Problem'

  constructor(
    /** HTTP status, or 0 when the server could not be reached. */
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    /** For programs, where the server gives one: which of the cases of this status it is. */
    readonly reason = '',
  ) {
    super(detail === '' ? title : `${title}: ${detail}`)
  }
}

export const unreachable = () =>
  new Problem(0, 'The server cannot be reached', 'Check the connection; nothing was changed.')

/** Whether nobody answered: the page says itself that it is offline. */
export const isUnreachable = (error: unknown) => error instanceof Problem && error.status === 0

const field = (body: unknown, name: string): string => {
  if (typeof body !== 'object' || body === null) return ''
  const value = (body as Record<string, unknown>)[name]
  return typeof value === 'string' ? value : ''
}

export function problemFrom(status: number, body: string): Problem {
  let json: unknown = null
  try {
    json = JSON.parse(body)
  } catch {
    // A proxy in between answers in HTML; its status is all that can be told.
  }
  const title = field(json, 'title') || `The server answered ${status}`
  return new Problem(status, title, field(json, 'detail'), field(json, 'reason'))
}

/** Two short texts for whatever was thrown. */
export function describe(error: unknown): { title: string; detail: string } {
  if (error instanceof Problem) return { title: error.title, detail: error.detail }
  return { title: 'Something went wrong here', detail: error instanceof Error ? error.message : String(error) }
}
