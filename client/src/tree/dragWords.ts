import { AssistiveDndState, type DndState } from '@headless-tree/core'

/** The key of the library. */
const how = 'Control, Shift and D together move what is selected.'

/** What a screen reader says of moving by keyboard. */
export function dragWords<T>(moving: DndState<T> | null | undefined, state: AssistiveDndState): string {
  const what = moving?.draggedItems?.map((item) => item.getItemName()).join(', ') ?? ''
  const folder = moving?.dragTarget?.item.getItemName()
  const where = folder === undefined ? 'nowhere yet' : folder === '' ? 'to where no folder is around' : `into ${folder}`
  switch (state) {
    case AssistiveDndState.Started:
      return `Moving ${what} ${where}. The arrow keys choose where to, Enter moves, Escape leaves it where it was.`
    case AssistiveDndState.Dragging:
      return where
    case AssistiveDndState.Completed:
      return `Moved. ${how}`
    case AssistiveDndState.Aborted:
      return `Left where it was. ${how}`
    case AssistiveDndState.None:
      return how
  }
}
