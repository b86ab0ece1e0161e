import { useStore } from '../lib/store'
import { AssistantAvatar } from '../ui/Avatar'
import { useWorkspace } from '../workspace/context'

/** The assistant is one of the people; what answers in its name is said plainly. */
export function AssistantRow() {
  const status = useStore(useWorkspace().assistant)
  return (
    <li className="person">
      <AssistantAvatar />
      <span className="person-name">
        Assistant
        <span className="person-where">{status === null ? '' : status.label}</span>
        {status === null || status.configured ? null : <span className="person-note">{status.label_detail}</span>}
      </span>
    </li>
  )
}
