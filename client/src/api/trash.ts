import { request } from './http'
import type { Member } from './types'

type Kind = 'folder' | 'text' | 'binary'

export interface Deleted {
  id: string
  /** Where it was. */
  path: string
  kind: Kind
  /** Bytes; null for a folder. */
  size: number | null
  deleted_at: string | null
  /** Null when nobody knows. */
  deleted_by: Pick<Member, 'id' | 'name' | 'color'> | null
}

export interface Restored {
  id: string
  path: string
  kind: Kind
}

const base = (workspace: string) => `/api/workspaces/${encodeURIComponent(workspace)}/trash`

/** What was deleted, the newest first. */
export const listTrash = (workspace: string) => request<Deleted[]>('GET', base(workspace))

export const restoreFromTrash = (workspace: string, id: string) =>
  request<Restored>('POST', `${base(workspace)}/${id}/restore`)
