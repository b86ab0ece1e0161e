import { request, sessionEnded } from './http'
import { problemFrom, unreachable } from './problem'
import { EventReader } from './serverEvents'

export interface CompletionRequest {
  path: string
  at: number
  /** What stands in front of `at`; the server waits a moment for it, and answers 409 where it does not come. */
  expected: string
}

export interface CompletionDecision {
  decision: 'accept' | 'reject' | 'ignore'
  shown_ms: number
  /** How many UTF-16 code units of the text were accepted. */
  taken?: number
  /** Encoded Yjs relative positions around them, in base64. */
  anchors?: [string, string]
}

const url = (workspace: string) => `/api/workspaces/${encodeURIComponent(workspace)}/ai/completions`

/** A piece of what may come next. `insteadOf`: the model that does not answer, where the built-in assistant does. */
export interface CompletionPiece {
  id: string
  text: string
  insteadOf: string | null
}

/** Gives the pieces of a completion as they come. Rejects with a `Problem`, or with an AbortError once `signal` says so. */
export async function streamCompletion(
  workspace: string,
  completion: CompletionRequest,
  onPiece: (piece: CompletionPiece) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch(url(workspace), {
    method: 'POST',
    body: JSON.stringify(completion),
    headers: { Accept: 'text/event-stream', 'Content-Type': 'application/json' },
    credentials: 'same-origin',
    signal,
  }).catch((error: unknown) => {
    throw signal.aborted ? error : unreachable()
  })
  if (response.status === 401) sessionEnded.set(true)
  if (!response.ok || response.body === null) throw problemFrom(response.status, await response.text())
  const events = new EventReader()
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    for (const { type, data } of events.push(read.value)) {
      if (type !== 'message') continue
      const { id, text, instead_of } = JSON.parse(data) as { id: string; text: string; instead_of?: string }
      onPiece({ id, text, insteadOf: instead_of ?? null })
    }
  }
}

export const decideCompletion = (workspace: string, id: string, decision: CompletionDecision) =>
  request<unknown>('POST', `${url(workspace)}/${id}/decision`, decision, { keepalive: true })
