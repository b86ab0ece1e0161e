import { useMemo, useState } from 'react'
import { type ActionId, entryOf, keysOf } from '../actions/catalogue'
import { type OfferedAction, registry } from '../actions/registry'
import { written } from '../lib/keys'
import { plural } from '../lib/format'
import { type ListedAction, matching, ordered } from './listed'
import { Marked } from './Marked'
import { PaletteDialog, type PaletteOption } from './PaletteDialog'
import { recentActions } from './recents'

function ActionOption({ id, marks, available }: ListedAction) {
  const { title, group } = entryOf(id)
  return (
    <>
      <span className="palette-name">
        <Marked text={title} marks={marks} to={title.length} />
      </span>
      <span className="palette-folder">{available === true ? group : `Not now: ${available}`}</span>
      {keysOf(id).map((key) => (
        <kbd key={key}>{written(key)}</kbd>
      ))}
    </>
  )
}

/** Everything that can be done here and now, by its name. */
export function Commands() {
  const [typed, setTyped] = useState('')
  // What can be done is what could be done when this was opened: nothing else can be done meanwhile.
  const [actions] = useState<readonly OfferedAction[]>(() => ordered(registry.list(), recentActions.ids()))
  const shown = useMemo(() => matching(actions, typed), [actions, typed])
  const options = useMemo<PaletteOption[]>(
    () =>
      shown.map((action) => ({
        id: action.id,
        content: <ActionOption {...action} />,
        unavailable: action.available === true ? undefined : action.available,
      })),
    [shown],
  )
  const choose = (id: string) => {
    if (registry.run(id as ActionId)) recentActions.use(id)
  }
  return (
    <PaletteDialog
      title="All commands"
      placeholder="What do you want to do?"
      action="go.actions"
      typed={typed}
      onTyped={setTyped}
      options={options}
      onChoose={choose}
      status={
        options.length === 0
          ? `Nothing is called “${typed.trim()}” here.`
          : typed === ''
            ? ''
            : plural(options.length, 'command')
      }
      foot={
        <span>
          <kbd>{written('Enter')}</kbd> does it
        </span>
      }
    />
  )
}
