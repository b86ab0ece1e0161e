import { AlertDialog } from 'radix-ui'
import { Button } from './Button'
import { useGiveBack } from './opener'

interface ConfirmProps {
  title: string
  description: string
  action: string
  onConfirm: () => void
  onClose: () => void
}

/** Asks before something that cannot be taken back here. */
export function Confirm({ title, description, action, onConfirm, onClose }: ConfirmProps) {
  const giveBack = useGiveBack()
  return (
    <AlertDialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="veil" />
        <AlertDialog.Content className="dialog" onCloseAutoFocus={giveBack}>
          <AlertDialog.Title>{title}</AlertDialog.Title>
          <AlertDialog.Description>{description}</AlertDialog.Description>
          <div className="dialog-foot">
            <AlertDialog.Cancel asChild>
              <Button look="quiet">Cancel</Button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild>
              <Button look="danger" onClick={onConfirm}>
                {action}
              </Button>
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
