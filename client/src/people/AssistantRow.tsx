import { useStore } from '../lib/store'
import { AssistantAvatar } from '../ui/Avatar'
import { useWorkspace } from '../workspace/context'

/** The assistant is one of the people; what answers in its name is said plainly. */
export function AssistantRow() {
  const { assistant, summary } = useWorkspace()
  const status = useStore(assistant)
  const { collect_feedback: collects } = useStore(summary)
  return (
    <li className="person">
      <AssistantAvatar />
      <span className="person-name">
        Assistant
        <span className="person-where">{status === null ? '' : status.label}</span>
        {status === null || status.configured ? null : <span className="person-note">{status.label_detail}</span>}
        {collects ? <span className="person-note">Decisions on its proposals are recorded here.</span> : null}
      </span>
    </li>
  )
}
