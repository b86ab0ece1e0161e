import type { Member } from '../api/types'
import { useStore } from '../lib/store'
import { useFocusKept } from '../ui/useFocusKept'
import { useRole, useWorkspace } from '../workspace/context'
import { AssistantRow } from './AssistantRow'
import { InviteSection } from './InviteSection'
import { MemberRow } from './MemberRow'

const order = (a: Member, b: Member) => a.name.localeCompare(b.name)

/** Everybody of the workspace, the assistant among them. */
export default function PeoplePanel() {
  const { members, tree, me } = useWorkspace()
  const list = [...useStore(members)].sort(order)
  const present = new Map(useStore(tree.presence).map((presence) => [presence.user, presence]))
  const kept = useFocusKept()
  const { isOwner } = useRole()
  return (
    <div className="people" ref={kept}>
      <div className="side-header">
        <h2>People</h2>
      </div>
      <div className="side-scroller">
        <ul className="people-list">
          {list.map((member) => (
            <MemberRow
              key={member.id}
              member={member}
              isMe={member.id === me.id}
              presence={member.id === me.id ? undefined : present.get(member.id)}
            />
          ))}
          <AssistantRow />
        </ul>
        {isOwner ? <InviteSection /> : null}
      </div>
    </div>
  )
}
