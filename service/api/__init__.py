"""The only Flask code: routes, schemas, one error renderer."""
