import type { CSSProperties } from 'react'
import { useStore } from '../lib/store'
import { Button } from '../ui/Button'
import { useWorkspace } from '../workspace/context'
import { pageWith, seesTheSame } from './onScreen'

/** Above the text while one sees what somebody else sees. */
export function FollowBar() {
  const { following, tree } = useWorkspace()
  const user = useStore(following.user)
  const person = useStore(tree.presence).find((presence) => presence.user === user)
  const pages = useStore(tree.pages)
  if (person === undefined) return null
  const mine = tree.shown()
  const theirs = pageWith(pages, person.user, mine?.document ?? null)
  const name = <strong>{person.name}</strong>
  return (
    <div className="follow-bar" role="status" style={{ '--person': person.color } as CSSProperties}>
      <span>
        {seesTheSame(mine, theirs?.screen ?? null) ? (
          <>You see what {name} sees</>
        ) : person.document === null ? (
          <>{name} has no file open</>
        ) : (
          <>You go where {name} goes</>
        )}
      </span>
      <Button small look="quiet" onClick={following.stop}>
        Stop
      </Button>
    </div>
  )
}
