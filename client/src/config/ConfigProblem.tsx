import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'

/** Above the text of the assistant's settings: which line of it cannot be followed. */
export function ConfigProblem() {
  const { assistant } = useWorkspace()
  const config = useStore(assistant)?.config
  if (config?.state !== 'bad') return null
  return (
    <section className="held config-problem" role="alert">
      <h2>
        Line {config.line}: {config.message}
      </h2>
      <p>What these settings said before stays in force until this is mended.</p>
    </section>
  )
}
