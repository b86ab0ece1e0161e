import { type ReactNode, useEffect, useState } from 'react'
import { Waiting } from '../ui/Waiting'
import { enter, loadAccount, loadAccountIfAny } from './account'
import { InvitePage } from './InvitePage'
import { takeFragment } from './location'

// Read once, at the first script of the page: the fragment is gone from the address bar afterwards.
const arrivedWith = takeFragment()
let entering: Promise<void> | null = null

/** A code works once, so it is sent once, however often the component is mounted. */
function enterOnce(code: string): Promise<void> {
  entering ??= enter(code)
  return entering
}

function arrive(): Promise<void> {
  if (arrivedWith?.kind === 'signin') return enterOnce(arrivedWith.code)
  return arrivedWith?.kind === 'invite' ? loadAccountIfAny() : loadAccount()
}

/** Lets people in by the link that they came with, then shows what is inside. */
export function Entrance({ children }: { children: ReactNode }) {
  const [invite, setInvite] = useState(arrivedWith?.kind === 'invite' ? arrivedWith.code : null)
  const [ready, setReady] = useState(false)

  useEffect(() => {
    void arrive().then(() => setReady(true))
  }, [])

  if (!ready) return <Waiting>Opening…</Waiting>
  if (invite !== null) return <InvitePage code={invite} onDone={() => setInvite(null)} />
  return children
}
