export function CreatePage() {
  return null
}
export function EditPage() {
  return null
}
