"""The story that `gwella demo` tells through the gateway, as each kind of client, with every figure checked."""
