// Server state: one cache, keyed by what was asked. Errors of the caller's own making are not retried.

import { QueryClient } from '@tanstack/react-query'
import { NetworkError, PostgrestError } from '~/lib/postgrest/errors'

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      // Offline requests fail at once and say so instead of waiting in silence.
      networkMode: 'always',
      refetchOnWindowFocus: false,
      retry: (count, error) =>
        count < 1 &&
        ((error instanceof NetworkError && !error.timedOut) ||
          (error instanceof PostgrestError && error.status === 503)),
      retryDelay: 800,
    },
    mutations: { retry: false },
  },
})
