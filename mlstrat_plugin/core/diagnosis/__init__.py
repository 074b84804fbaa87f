"""From a ladder of errors to the diagnosis; two of them compared; sizes planned."""
