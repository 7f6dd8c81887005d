package HTTP::Status;

use 5.014;
use strict;
use warnings;

use Exporter 'import';

our $VERSION = '6.44';

my %MESSAGE = (
    100 => 'Continue',                 101 => 'Switching Protocols',           102 => 'Processing',
    103 => 'Early Hints',              200 => 'OK',                            201 => 'Created',
    202 => 'Accepted',                 203 => 'Non-Authoritative Information', 204 => 'No Content',
    205 => 'Reset Content',            206 => 'Partial Content',               207 => 'Multi-Status',
    208 => 'Already Reported',         226 => 'IM Used',                       300 => 'Multiple Choices',
    301 => 'Moved Permanently',        302 => 'Found',                         303 => 'See Other',
    304 => 'Not Modified',             305 => 'Use Proxy',                     307 => 'Temporary Redirect',
    308 => 'Permanent Redirect',       400 => 'Bad Request',                   401 => 'Unauthorized',
    402 => 'Payment Required',         403 => 'Forbidden',                     404 => 'Not Found',
    405 => 'Method Not Allowed',       406 => 'Not Acceptable',                407 => 'Proxy Authentication Required',
    408 => 'Request Timeout',          409 => 'Conflict',                      410 => 'Gone',
    411 => 'Length Required',          412 => 'Precondition Failed',           413 => 'Payload Too Large',
    414 => 'URI Too Long',             415 => 'Unsupported Media Type',        416 => 'Range Not Satisfiable',
    417 => 'Expectation Failed',       418 => q(I'm a teapot),                 421 => 'Misdirected Request',
    422 => 'Unprocessable Entity',     423 => 'Locked',                        424 => 'Failed Dependency',
    425 => 'Too Early',                426 => 'Upgrade Required',              428 => 'Precondition Required',
    429 => 'Too Many Requests',        431 => 'Request Header Fields Too Large',
    451 => 'Unavailable For Legal Reasons',
    500 => 'Internal Server Error',    501 => 'Not Implemented',               502 => 'Bad Gateway',
    503 => 'Service Unavailable',      504 => 'Gateway Timeout',               505 => 'HTTP Version Not Supported',
    506 => 'Variant Also Negotiates',  507 => 'Insufficient Storage',          508 => 'Loop Detected',
    509 => 'Bandwidth Limit Exceeded', 510 => 'Not Extended',                  511 => 'Network Authentication Required',
);

# Names that codes have had before.
my %FORMER = (
    HTTP_MOVED_TEMPORARILY => 302, HTTP_REQUEST_ENTITY_TOO_LARGE => 413, HTTP_REQUEST_URI_TOO_LARGE => 414,
    HTTP_REQUEST_RANGE_NOT_SATISFIABLE => 416, HTTP_I_AM_A_TEAPOT => 418, HTTP_NO_CODE => 425, HTTP_UNORDERED_COLLECTION => 425,
);

our @EXPORT    = qw(is_info is_success is_redirect is_error status_message);
our @EXPORT_OK = qw(is_client_error is_server_error is_cacheable_by_default status_constant_name status_codes);
our %EXPORT_TAGS = ( is => [qw(is_info is_success is_redirect is_error is_client_error is_server_error is_cacheable_by_default)] );

my ( %name_of, %code_of );
for my $code ( keys %MESSAGE ) {
    my $name = uc $MESSAGE{$code};
    $name =~ s/[ \-]/_/g;
    $name =~ s/'//g;
    $name_of{$code} = "HTTP_$name";
    $code_of{"HTTP_$name"} = $code;
}
$name_of{418} = 'HTTP_I_AM_A_TEAPOT';
delete $code_of{HTTP_IM_A_TEAPOT};
%code_of = ( %code_of, %FORMER );
for my $name ( keys %code_of ) {
    my $code = $code_of{$name};
    ( my $old = $name ) =~ s/\AHTTP_/RC_/;
    no strict 'refs';
    *$name = *$old = sub () { $code };
    push @{ $EXPORT_TAGS{constants} }, $name;
    push @EXPORT, $old;
}
push @EXPORT_OK, @{ $EXPORT_TAGS{constants} };

sub status_message       { my ($code) = @_; return $MESSAGE{$code} }
sub status_constant_name { my ($code) = @_; return $name_of{$code} }
sub status_codes         { return %MESSAGE }

sub _between {
    my ( $code, $from, $to ) = @_;
    return defined $code && $code =~ /\A\d/ ? $code >= $from && $code < $to : undef;
}

sub is_info         { my ($code) = @_; return _between( $code, 100, 200 ) }
sub is_success      { my ($code) = @_; return _between( $code, 200, 300 ) }
sub is_redirect     { my ($code) = @_; return _between( $code, 300, 400 ) }
sub is_error        { my ($code) = @_; return _between( $code, 400, 600 ) }
sub is_client_error { my ($code) = @_; return _between( $code, 400, 500 ) }
sub is_server_error { my ($code) = @_; return _between( $code, 500, 600 ) }

my %CACHEABLE = map { $_ => 1 } qw(200 203 204 206 300 301 308 404 405 410 414 451 501);

sub is_cacheable_by_default { my ($code) = @_; return defined $code && $CACHEABLE{$code} ? 1 : '' }

1;

__END__

=head1 NAME

HTTP::Status - codes of answers

=head1 SYNOPSIS

    use HTTP::Status qw(:constants :is status_message);

    print status_message(HTTP_NOT_FOUND), "\n" if is_error(404);

=head1 COVERED

All of HTTP::Status 6.44: constants, messages, classes. A replacement that comes with L<CPANBridge::Compat>.

=cut
