import { type ReactNode, useEffect, useState } from 'react'
import { signIn } from '../api/account'
import { describe } from '../api/problem'
import { tell } from '../ui/toasts'
import { Waiting } from '../ui/Waiting'
import { loadAccount } from './account'
import { InvitePage } from './InvitePage'
import { takeFragment } from './location'

// Read once, at the first script of the page: the fragment is gone from the address bar afterwards.
const arrivedWith = takeFragment()
let signingIn: Promise<void> | null = null

/** A code works once, so it is sent once, however often the component is mounted. */
function enterWith(code: string): Promise<void> {
  signingIn ??= signIn(code)
    .catch((error: unknown) => {
      const { title, detail } = describe(error)
      tell('The sign-in link did not work', detail || title)
    })
    .then(loadAccount)
  return signingIn
}

/** Lets people in by the link that they came with, then shows what is inside. */
export function Entrance({ children }: { children: ReactNode }) {
  const [invite, setInvite] = useState(arrivedWith?.kind === 'invite' ? arrivedWith.code : null)
  const [ready, setReady] = useState(false)

  useEffect(() => {
    const entered = arrivedWith?.kind === 'signin' ? enterWith(arrivedWith.code) : loadAccount()
    void entered.then(() => setReady(true))
  }, [])

  if (!ready) return <Waiting>Opening…</Waiting>
  if (invite !== null) return <InvitePage code={invite} onDone={() => setInvite(null)} />
  return children
}
