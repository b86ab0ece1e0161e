import { useMemo, useState } from 'react'
import { plural } from '../lib/format'
import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'
import { findPaths, type Scope } from './scope'

interface AskScopeProps {
  /** Whether text is selected; without, `here` is the place of the cursor. */
  selected: boolean
  scope: Scope
  onScope: (scope: Scope) => void
  path: string
  chosen: readonly string[]
  onChosen: (paths: readonly string[]) => void
}

/** Where an instruction is to be carried out: here, in the whole file, or in several. */
export function AskScope({ selected, scope, onScope, path, chosen, onChosen }: AskScopeProps) {
  return (
    <>
      <div className="ask-scope">
        <span aria-hidden>In</span>
        <select aria-label="Where" value={scope} onChange={(event) => onScope(event.target.value as Scope)}>
          <option value="here">{selected ? 'the selected text' : 'this place'}</option>
          <option value="file">this file</option>
          <option value="everywhere">every file with its name</option>
          <option value="chosen">chosen files…</option>
        </select>
      </div>
      {scope === 'chosen' ? <FileChoice path={path} chosen={chosen} onChosen={onChosen} /> : null}
    </>
  )
}

function FileChoice({ path, chosen, onChosen }: Pick<AskScopeProps, 'path' | 'chosen' | 'onChosen'>) {
  const { tree } = useWorkspace()
  const { nodes } = useStore(tree.tree)
  const [query, setQuery] = useState('')
  const paths = useMemo(
    () => [...nodes.values()].filter((node) => node.kind === 'text' && node.path !== path).map((node) => node.path),
    [nodes, path],
  )
  const found = useMemo(() => findPaths(paths, query), [paths, query])
  const picked = new Set(chosen)
  const toggle = (one: string) => onChosen(picked.has(one) ? chosen.filter((other) => other !== one) : [...chosen, one])
  return (
    <fieldset className="ask-files">
      <legend>{`This file and ${plural(chosen.length, 'other')}`}</legend>
      <input
        type="search"
        placeholder="Find a file"
        aria-label="Find a file"
        value={query}
        onChange={(event) => setQuery(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') event.preventDefault()
        }}
      />
      <ul>
        {[...chosen.filter((one) => !found.includes(one)), ...found].map((one) => (
          <li key={one}>
            <label>
              <input type="checkbox" checked={picked.has(one)} onChange={() => toggle(one)} />
              <bdi>{one}</bdi>
            </label>
          </li>
        ))}
      </ul>
      {found.length === 0 ? <p>No other text file is called so.</p> : null}
    </fieldset>
  )
}
