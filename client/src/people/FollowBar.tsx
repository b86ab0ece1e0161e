import type { CSSProperties } from 'react'
import { useStore } from '../lib/store'
import { Button } from '../ui/Button'
import { useWorkspace } from '../workspace/context'

/** Above the text while one sees what somebody else sees. */
export function FollowBar() {
  const { following, tree } = useWorkspace()
  const user = useStore(following.user)
  const person = useStore(tree.presence).find((presence) => presence.user === user)
  if (person === undefined) return null
  return (
    <div className="follow-bar" role="status" style={{ '--person': person.color } as CSSProperties}>
      <span>
        You see what <strong>{person.name}</strong> sees
      </span>
      <Button small look="quiet" onClick={following.stop}>
        Stop
      </Button>
    </div>
  )
}
