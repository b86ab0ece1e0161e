import { X } from 'lucide-react'
import { Toast } from 'radix-ui'
import { useStore } from '../lib/store'
import { Button } from './Button'
import { dismiss, toasts } from './toasts'

/** Long enough to read a sentence twice, in milliseconds. */
const reading = 9_000

export function Toaster() {
  const list = useStore(toasts)
  return (
    <Toast.Provider label="Message" duration={reading} swipeDirection="right">
      {list.map(({ id, tone, title, detail, action }) => (
        <Toast.Root
          key={id}
          className="toast"
          data-tone={tone}
          type={tone === 'problem' ? 'foreground' : 'background'}
          onOpenChange={(open) => (open ? undefined : dismiss(id))}
        >
          <div>
            <Toast.Title>{title}</Toast.Title>
            {detail === '' ? null : <Toast.Description>{detail}</Toast.Description>}
            {action === null ? null : (
              <Toast.Action altText={action.otherwise} asChild>
                <Button small onClick={action.run}>
                  {action.label}
                </Button>
              </Toast.Action>
            )}
          </div>
          <Toast.Close className="icon-button" aria-label="Close this message">
            <X />
          </Toast.Close>
        </Toast.Root>
      ))}
      <Toast.Viewport className="toasts" hotkey={['altKey', 'KeyT']} label="Messages ({hotkey})" />
    </Toast.Provider>
  )
}
