import { getMe, signIn, signOut as endSession } from '../api/account'
import { sessionEnded } from '../api/http'
import { describe, Problem } from '../api/problem'
import type { Me } from '../api/types'
import { localCopyPrefix, unsavedDocuments } from '../document/session'
import { createStore, type ReadableStore } from '../lib/store'

export type Account =
  { is: 'unknown' } | { is: 'nobody'; why: string | null } | { is: 'unreachable' } | { is: 'known'; me: Me }

const store = createStore<Account>({ is: 'unknown' })

export const account: ReadableStore<Account> = store

/** Edits that are nowhere else stay on the screen; their document says by itself that the session is over. */
function leaveIfEnded(): void {
  if (!sessionEnded.get()) return
  remember(false)
  if (unsavedDocuments.get().size === 0) store.set({ is: 'nobody', why: null })
}

sessionEnded.subscribe(leaveIfEnded)
unsavedDocuments.subscribe(leaveIfEnded)

const hint = 'scriptorium:signed-in'

/** Whether somebody was signed in here last time: the cookie itself cannot be seen from a script. */
function wasSignedIn(): boolean {
  try {
    return localStorage.getItem(hint) !== null
  } catch {
    return true
  }
}

function remember(signedIn: boolean): void {
  try {
    if (signedIn) localStorage.setItem(hint, 'yes')
    else localStorage.removeItem(hint)
  } catch {
    // Then the server is asked every time.
  }
}

/** For a page that is for strangers too: asks the server only where somebody may be signed in. */
export async function loadAccountIfAny(): Promise<void> {
  if (wasSignedIn()) await loadAccount()
  else store.set({ is: 'nobody', why: null })
}

/** Asks the server who is signed in here. */
export async function loadAccount(): Promise<void> {
  try {
    const me = await getMe()
    remember(true)
    sessionEnded.set(false)
    store.set({ is: 'known', me })
  } catch (error) {
    const isNobody = error instanceof Problem && error.status === 401
    store.set(isNobody ? { is: 'nobody', why: null } : { is: 'unreachable' })
  }
}

/** Comes in by the code of a sign-in link. Whoever is signed in already stays so when the code no longer works. */
export async function enter(code: string): Promise<void> {
  try {
    await signIn(code)
    await loadAccount()
  } catch (error) {
    await loadAccount()
    const { title, detail } = describe(error)
    if (store.get().is === 'nobody') store.set({ is: 'nobody', why: detail || title })
  }
}

/** Also removes the local copies of documents: the next person at this browser is somebody else. */
export async function signOut(): Promise<void> {
  await endSession()
  remember(false)
  // Takes the page down first: a copy that is still open cannot be removed.
  store.set({ is: 'nobody', why: null })
  const names = (await indexedDB.databases()).flatMap(({ name }) => name ?? [])
  await Promise.all(names.filter((name) => name.startsWith(localCopyPrefix)).map(removeDatabase))
  location.assign('/')
}

const removeDatabase = (name: string) =>
  new Promise<void>((resolve) => {
    const request = indexedDB.deleteDatabase(name)
    // Blocked: another tab has it open; it is removed when that one closes.
    request.onsuccess = request.onerror = request.onblocked = () => resolve()
  })
