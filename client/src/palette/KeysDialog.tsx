import { actionIds, entryOf, groups, keysOf } from '../actions/catalogue'
import { written } from '../lib/keys'
import { Dialog } from '../ui/Dialog'

const places = {
  text: null,
  files: 'in the list of files',
  'grey text': 'while there is grey text',
} as const

/** The keys of all actions, as the catalogue has them. */
export default function KeysDialog({ onClose }: { onClose: () => void }) {
  const withKeys = actionIds.filter((id) => keysOf(id).length > 0)
  return (
    <Dialog title="Keyboard shortcuts" wide onClose={onClose}>
      <div className="all-keys">
        {groups.map((group) => {
          const own = withKeys.filter((id) => entryOf(id).group === group)
          return own.length === 0 ? null : (
            <section key={group} aria-label={group}>
              <h3>{group}</h3>
              <dl>
                {own.map((id) => {
                  const { title, within } = entryOf(id)
                  const place = within === undefined ? null : places[within]
                  return (
                    <div key={id}>
                      <dt>
                        {title}
                        {place === null ? null : <small> {place}</small>}
                      </dt>
                      <dd>
                        {keysOf(id).map((key) => (
                          <kbd key={key}>{written(key)}</kbd>
                        ))}
                      </dd>
                    </div>
                  )
                })}
              </dl>
            </section>
          )
        })}
      </div>
    </Dialog>
  )
}
