import { getMe, signOut as endSession } from '../api/account'
import { sessionEnded } from '../api/http'
import { Problem } from '../api/problem'
import type { Me } from '../api/types'
import { localCopyPrefix } from '../document/session'
import { createStore, type ReadableStore } from '../lib/store'

export type Account = { is: 'unknown' } | { is: 'nobody' } | { is: 'unreachable' } | { is: 'known'; me: Me }

const store = createStore<Account>({ is: 'unknown' })

export const account: ReadableStore<Account> = store

sessionEnded.subscribe(() => {
  if (sessionEnded.get()) store.set({ is: 'nobody' })
})

/** Asks the server who is signed in here. */
export async function loadAccount(): Promise<void> {
  try {
    const me = await getMe()
    sessionEnded.set(false)
    store.set({ is: 'known', me })
  } catch (error) {
    store.set({ is: error instanceof Problem && error.status === 401 ? 'nobody' : 'unreachable' })
  }
}

/** Also removes the local copies of documents: the next person at this browser is somebody else. */
export async function signOut(): Promise<void> {
  await endSession()
  const databases = await indexedDB.databases()
  for (const { name } of databases) if (name?.startsWith(localCopyPrefix)) indexedDB.deleteDatabase(name)
  location.assign('/')
}
