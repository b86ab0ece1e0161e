import { request } from './http'

/** Whoever writes. The assistant is one, whichever of its jobs wrote. */
export interface Hand {
  kind: 'person' | 'assistant'
  id: string
  name: string
}

/** What a text was at a moment. Ids ascend with time. */
export interface Version {
  id: string
  name: string | null
  at: string
  /** False for one that somebody made: it is kept for ever. */
  automatic: boolean
  /** Who made it; null for an automatic one. */
  by: Hand | null
  /** It holds what a restore has replaced. */
  before_restore: boolean
  /** Something of the log could not be read and is missing from it. */
  incomplete: boolean
  /** Who took part since the version before it. */
  authors: Hand[]
  /** Bytes of the text as UTF-8. */
  size: number
}

export interface VersionWhole extends Version {
  text: string
}

/** Lines `start` up to `end`, without it, counted from 1; the author is an index, null where nobody is recorded. */
export interface AttributedLines {
  start: number
  end: number
  author: number | null
  /** When they were there at the latest; null where that is not known. */
  at?: string | null
}

export interface Attribution {
  /** UTF-16 code units of the text that this is about. */
  length: number
  authors: Hand[]
  lines: AttributedLines[]
}

/** The routes of the history of one text. */
export class HistoryApi {
  private readonly base: string

  constructor(workspace: string, document: string) {
    this.base = `/api/workspaces/${encodeURIComponent(workspace)}/documents/${encodeURIComponent(document)}`
  }

  /** Newest first; with `before`, those that are older than that one. */
  list = (limit: number, before?: string) =>
    request<Version[]>(
      'GET',
      `${this.base}/versions?${new URLSearchParams({ limit: String(limit), ...(before === undefined ? {} : { before }) }).toString()}`,
    )
  version = (id: string) => request<VersionWhole>('GET', `${this.base}/versions/${id}`)
  make = (name: string) => request<Version>('POST', `${this.base}/versions`, { name })
  /** What was there before; null when the text was the same already. */
  restore = (id: string) => request<{ before: Version | null }>('POST', `${this.base}/versions/${id}/restore`)
  attribution = () => request<Attribution>('GET', `${this.base}/attribution`)
}
