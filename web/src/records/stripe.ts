// Stripe's own script, fetched only when somebody pays by a real card.

interface PaymentElement {
  mount: (place: HTMLElement) => void
  unmount: () => void
}

interface Elements {
  create: (kind: 'payment') => PaymentElement
}

interface Stripe {
  elements: (options: { clientSecret: string }) => Elements
  confirmPayment: (options: {
    elements: Elements
    confirmParams: { return_url: string }
    redirect: 'if_required'
  }) => Promise<{ error?: { message?: string } }>
}

const ADDRESS = 'https://js.stripe.com/v3/'
let script: Promise<void> | null = null

function loadScript(): Promise<void> {
  script ??= new Promise<void>((resolve, reject) => {
    const element = document.createElement('script')
    element.src = ADDRESS
    element.onload = () => resolve()
    element.onerror = () => {
      element.remove()
      script = null
      reject(new Error('blocked'))
    }
    document.head.append(element)
  })
  return script
}

export interface StripeForm {
  mount: (place: HTMLElement) => void
  unmount: () => void
  /** Null when it was accepted, else why not. */
  confirm: (returnUrl: string) => Promise<string | null>
}

export async function loadStripe(key: string, clientSecret: string): Promise<StripeForm> {
  await loadScript()
  const create = (globalThis as { Stripe?: (key: string) => Stripe }).Stripe
  if (!create) throw new Error('blocked')
  const stripe = create(key)
  const elements = stripe.elements({ clientSecret })
  const card = elements.create('payment')
  return {
    mount: (place) => card.mount(place),
    unmount: () => card.unmount(),
    confirm: async (returnUrl) => {
      const options = { elements, confirmParams: { return_url: returnUrl }, redirect: 'if_required' as const }
      const { error } = await stripe.confirmPayment(options)
      return error ? (error.message ?? '') : null
    },
  }
}
