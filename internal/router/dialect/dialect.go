// Package dialect holds what differs between the interfaces that clients and
// upstreams speak: paths, required members, and the form of errors, streams and replies.
// Dialect is the enumeration; Error.Body writes an error, Restream turns a whole reply
// into a stream.
//
// It never sends anything and never translates one dialect into another.
//
// It is larger than other packages because what differs between dialects stands side by side, one
// file for each kind of difference.
package dialect

// Dialect is the form of requests and replies on a route.
type Dialect int

// The dialects.
const (
	Chat Dialect = iota
	Completions
	Embeddings
	Responses
	Messages
	CountTokens
	Compact // Responses: shortens a conversation
	ImageGenerations
	ImageEdits
	ImageVariations
	Speech
	Transcriptions
	Translations // of speech into English text
	Rerank
	Moderations
	Gemini      // a whole reply or a stream: the path says which
	GeminiCount // Google's countTokens
	Converse    // Amazon Bedrock's; upstreams speak it, clients do not
	Count       // how many dialects there are
)

// spec is the properties of a dialect.
type spec struct {
	name     string   // the beginning of LiteLLM's error messages
	path     string   // below an upstream's base address
	required []string // members besides model that a request must have
	done     bool     // streams end with data: [DONE]
	route    string   // the router's own route
}

// specs has the properties of each dialect.
var specs = [Count]spec{
	Chat:        {"/chat/completions", "chat/completions", []string{"messages"}, true, "/v1/chat/completions"},
	Completions: {"/completions", "completions", nil, true, "/v1/completions"},
	Embeddings:  {"/embeddings", "embeddings", []string{"input"}, false, "/v1/embeddings"},
	Responses:   {"/responses", "responses", []string{"input"}, false, "/v1/responses"},
	Messages:    {"anthropic_messages", "messages", []string{"messages", "max_tokens"}, false, "/v1/messages"},
	CountTokens: {"anthropic_count_tokens", "messages/count_tokens", []string{"messages"}, false,
		"/v1/messages/count_tokens"},
	Compact:          {"/responses/compact", "responses/compact", nil, false, "/v1/responses/compact"},
	ImageGenerations: {"/image/generations", "images/generations", nil, false, "/v1/images/generations"},
	ImageEdits:       {"/images/edits", "images/edits", nil, false, "/v1/images/edits"},
	ImageVariations:  {"/images/variations", "images/variations", nil, false, "/v1/images/variations"},
	Speech:           {"/audio/speech", "audio/speech", nil, false, "/v1/audio/speech"},
	Transcriptions:   {"/audio/transcriptions", "audio/transcriptions", nil, false, "/v1/audio/transcriptions"},
	Translations:     {"/audio/translations", "audio/translations", nil, false, "/v1/audio/translations"},
	Rerank:           {"/rerank", "rerank", nil, false, "/v1/rerank"},
	Moderations:      {"/moderations", "moderations", []string{"input"}, false, "/v1/moderations"},
	Gemini: {"generate_content", "models/MODEL:generateContent", []string{"contents"}, false,
		"/v1beta/models/MODEL:generateContent"},
	GeminiCount: {"count_tokens", "models/MODEL:countTokens", nil, false, "/v1beta/models/MODEL:countTokens"},
	Converse:    {"converse", "converse", nil, false, "/model/MODEL/converse"},
}

// IsAnthropic reports whether the dialect is one of Anthropic's.
func (d Dialect) IsAnthropic() bool { return d == Messages || d == CountTokens }

// HasStreams reports whether the member stream of a request means that the client gets a
// stream. Media routes have events too, but there the upstream's reply decides.
func (d Dialect) HasStreams() bool { return d <= Messages || d == Gemini }

// TakesForms reports whether requests may be multipart forms, with files in them.
func (d Dialect) TakesForms() bool {
	return d == ImageEdits || d == ImageVariations || d == Transcriptions || d == Translations
}

// IsMedia reports whether successful replies may be other than JSON: sound, text, or events
// that no other dialect has.
func (d Dialect) IsMedia() bool { return d >= ImageGenerations && d <= Translations }

// IsGoogle reports whether the dialect is Google's, in which the path of a request names the
// model, not the body.
func (d Dialect) IsGoogle() bool { return d == Gemini || d == GeminiCount }

// IsCounting reports whether a request in the dialect only counts tokens.
func (d Dialect) IsCounting() bool { return d == CountTokens || d == GeminiCount }

// Name returns the name of the route at the beginning of LiteLLM's error messages.
func (d Dialect) Name() string { return specs[d].name }

// Path returns the endpoint's path below an upstream's base address, without a slash before it.
func (d Dialect) Path() string { return specs[d].path }

// Required returns the members besides model that a request must have. The caller must not
// change the slice.
func (d Dialect) Required() []string { return specs[d].required }

// EndsWithDone reports whether streams end with the line data: [DONE].
func (d Dialect) EndsWithDone() bool { return specs[d].done }

// String returns the router's route of the dialect, for messages to people and for logs.
func (d Dialect) String() string { return specs[d].route }
