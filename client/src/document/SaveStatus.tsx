import { Check, Ellipsis, type LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { useLasting, useNarrow } from '../lib/hooks'
import { useSelected, useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'
import { type Hold, holdInShort } from './hold'
import { useOutage } from './outage'
import { hasOwnEdits, initial, isSaved } from './saveState'
import type { DocumentSession } from './session'

/** Milliseconds of waiting for a barrier after which the reader is told that something is wrong. */
const patience = 5_000

/** Milliseconds without an edit until it says “Saved”: said and taken back at every key it would only flicker. */
const calm = 600

type Tone = 'quiet' | 'busy' | 'warn'

function words(
  connected: boolean,
  saved: boolean,
  waitedLong: boolean,
  outage: string | null,
  kept: boolean,
  incomplete: boolean,
  hold: Hold | null,
): [Tone, string] {
  if (hold !== null && !(connected && saved)) {
    return ['warn', `${saved ? 'Not connected' : 'Not saved yet'}: ${holdInShort(hold, kept)}`]
  }
  if (!connected) {
    return [
      'warn',
      kept ? 'Offline: your edits are kept here' : 'Offline: your edits are kept until you close this page',
    ]
  }
  if (saved && incomplete) return ['warn', 'Saved, but an earlier edit cannot be read: tell who runs this server']
  if (saved) return ['quiet', 'Saved']
  if (!waitedLong) return ['busy', 'Saving…']
  return ['warn', `Not saved yet: ${outage ?? 'the server has not confirmed it'}`]
}

/** The server never answers a viewer's barrier. `ownEdits`: of somebody who was an editor a moment ago. */
function wordsForViewers(connected: boolean, ownEdits: boolean): [Tone, string] {
  if (ownEdits) return ['warn', 'Read-only: your last edits are not saved']
  return connected ? ['quiet', 'Read-only'] : ['warn', 'Offline: what others write does not reach you']
}

export function SaveStatus({ session, canEdit }: { session: DocumentSession; canEdit: boolean }) {
  const phase = useStore(session.phase)
  const connected = useSelected(session.save, (state) => state.connected)
  const ownEdits = useSelected(session.save, hasOwnEdits)
  const edited = useSelected(session.save, ({ edits }) => edits > initial.edits)
  const isSavedNow = useSelected(session.save, isSaved)
  const isCalm = useLasting(isSavedNow, calm)
  const kept = useStore(session.kept)
  const hold = useStore(session.hold)
  const returning = useStore(session.returning)
  const incomplete = useStore(useWorkspace().incomplete).has(session.document)
  const saved = isSavedNow && (isCalm || !edited)
  const waitedLong = useLasting(canEdit && connected && !isSavedNow && hold === null, patience)
  const outage = useOutage(waitedLong)
  const narrow = useNarrow()

  if (phase.is === 'ended') {
    return phase.ending.keepsText ? (
      <span className="save-status" data-tone="warn">
        No longer saved
      </span>
    ) : null
  }
  if (phase.is === 'opening' || (returning && !connected))
    return (
      <span className="save-status" data-tone="busy">
        {connected ? 'Opening…' : 'Connecting…'}
      </span>
    )
  const [tone, text] = canEdit
    ? words(connected, saved, waitedLong, outage, kept, incomplete, hold)
    : wordsForViewers(connected, ownEdits)
  return (
    // Only a warning is read out: "Saving… Saved" after every word would drown what one writes.
    <span className="save-status" data-tone={tone} aria-live={tone === 'warn' ? 'polite' : 'off'}>
      {narrow ? inShort(text) : text}
    </span>
  )
}

const marks: Record<string, LucideIcon> = { Saved: Check, 'Saving…': Ellipsis }

/** Where the name of the file needs the room: what is as it should be is a mark. */
function inShort(text: string): ReactNode {
  const Mark = marks[text]
  if (Mark === undefined) return text
  return (
    <>
      <Mark aria-hidden />
      <span className="sr-only">{text}</span>
    </>
  )
}
