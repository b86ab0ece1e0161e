import { request } from './http'
import type { Me, Person, Role, Token, WorkspaceSummary } from './types'

export const getMe = () => request<Me>('GET', '/api/me')
export const signIn = (code: string) => request<{ user: Person }>('POST', '/api/signin', { code })
export const signOut = () => request<undefined>('POST', '/api/signout')

export interface InviteSummary {
  workspace: Person
  role: Role
  collect_feedback: boolean
}

export const getInvite = (code: string) => request<InviteSummary>('GET', `/api/invites/${encodeURIComponent(code)}`)
export const acceptInvite = (code: string, name: string) =>
  request<{ user: Person; workspace: Person }>('POST', `/api/invites/${encodeURIComponent(code)}`, { name })

export const createWorkspace = (name: string) => request<WorkspaceSummary>('POST', '/api/workspaces', { name })

export const getTokens = () => request<Token[]>('GET', '/api/tokens')
export const createToken = (name: string) => request<{ id: string; token: string }>('POST', '/api/tokens', { name })
export const deleteToken = (id: string) => request<undefined>('DELETE', `/api/tokens/${id}`)
