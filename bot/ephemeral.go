package bot

// KeepState says how the history of a bot on a Space outlives a restart
// (https://huggingface.co/docs/hub/spaces-storage).
const KeepState = "mount a storage bucket at /data, or set HFBOT_DATABASE to a PostgreSQL database; " +
	"without, a restart forgets the history, what once_per has used up, and who asked the bot to stop"
