import { useStore } from '../lib/store'
import { useRole } from '../workspace/context'
import { holdInFull } from './hold'
import { useOutage } from './outage'
import type { DocumentSession } from './session'

/** Says that the server takes nothing for now, why, and what becomes of edits meanwhile. */
export function Held({ session }: { session: DocumentSession }) {
  const hold = useStore(session.hold)
  const phase = useStore(session.phase)
  const kept = useStore(session.kept)
  const { canEdit } = useRole()
  const told = hold !== null && hold.is !== 'too fast'
  const outage = useOutage(told)
  if (!told) return null
  const who = phase.is === 'opening' ? 'opens' : canEdit ? 'writes' : 'reads'
  const { title, detail } = holdInFull(hold, outage, who, kept)
  return (
    <section className="held" role="status">
      <h2>{title}</h2>
      <p>{detail}</p>
    </section>
  )
}
