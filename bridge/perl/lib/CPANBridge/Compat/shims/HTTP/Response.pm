package HTTP::Response;

use 5.014;
use strict;
use warnings;

use Carp         ();
use HTTP::Status ();

use parent 'HTTP::Message';

our $VERSION = '6.44';

sub new {
    my ( $class, $code, $message, @rest ) = @_;
    my $self = $class->SUPER::new(@rest);
    @$self{ '_rc', '_msg' } = ( $code, $message );
    return $self;
}

sub parse {
    my ( $class, $text ) = @_;
    if ( !defined $text ) {
        Carp::carp('Undefined argument to parse()') if $^W;
        return $class->new;
    }
    $text =~ s/\A([^\n]*)(?:\n|\z)//;
    my $line = $1;
    $line =~ s/\r\z//;
    my $self = $class->SUPER::parse($text);
    my ( $protocol, $code, $message ) = $line =~ /\A\d{3}\b/ ? ( undef, split ' ', $line, 2 ) : split ' ', $line, 3;
    $self->protocol($protocol) if defined $protocol;
    $self->code($code)         if defined $code;
    $self->message($message)   if defined $message;
    return $self;
}

sub clone {
    my ($self) = @_;
    my $other = $self->SUPER::clone;
    $other->code( $self->code );
    $other->message( $self->message );
    $other->request( $self->request->clone ) if $self->request;
    return $other;
}

for my $pair ( [ code => '_rc' ], [ message => '_msg' ], [ previous => '_previous' ], [ request => '_request' ] ) {
    my ( $method, $key ) = @$pair;
    no strict 'refs';
    *$method = sub {
        my ( $self, @new ) = @_;
        my $old = $self->{$key};
        $self->{$key} = $new[0] if @new;
        return $old;
    };
}

for my $kind (qw(info success redirect error client_error server_error)) {
    no strict 'refs';
    my $test = \&{"HTTP::Status::is_$kind"};
    *{"is_$kind"} = sub { my ($self) = @_; return $test->( $self->{_rc} ) };
}

sub status_line {
    my ($self) = @_;
    my $code = defined $self->{_rc} ? $self->{_rc} : '000';
    my $message = $self->{_msg};
    $message = HTTP::Status::status_message($code) if !defined $message || !length $message;
    return "$code " . ( defined $message ? $message : 'Unknown code' );
}

sub start_line {
    my ($self) = @_;
    return ( defined $self->{_protocol} ? "$self->{_protocol} " : '' ) . $self->status_line;
}

sub base {
    my ($self) = @_;
    my ($base) = grep { defined } ( $self->header('Content-Base') )[0], ( $self->header('Base') )[0];
    require URI;
    return URI->new($base) if defined $base && $base =~ /\A$URI::scheme_re:/;
    my $request = $self->request;
    return undef if !$request;    ## no critic (ProhibitExplicitReturnUndef)
    return URI->new_abs( $base, $request->uri ) if defined $base && defined $request->uri;
    my $uri = $request->uri;
    return defined $uri && $uri =~ /\A$URI::scheme_re:/ ? $uri : undef;
}

sub redirects {
    my ($self) = @_;
    my @chain;
    my $response = $self;
    while ( $response = $response->previous ) { unshift @chain, $response }
    return @chain;
}

sub filename {
    my ($self) = @_;
    require HTTP::Headers::Util;
    my $file;
    my $disposition = $self->header('Content-Disposition');
    if ( defined $disposition ) {
        my ($words) = HTTP::Headers::Util::split_header_words( $disposition =~ /=\s*=\?/ ? $disposition =~ s/=\s*(=\?[^\s;]*)/="$1"/r : $disposition );
        my ( undef, undef, %params ) = @{ $words || [] };
        $file = $params{filename};
        if ( defined $params{'filename*'} && $params{'filename*'} =~ /\A([\w\-]+)'[^']*'(.*)\z/s ) {
            my ( $charset, $value ) = ( $1, $2 );
            $value =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
            $file = $value if $charset =~ /\Autf-?8\z/i && $value =~ /[^\x00-\x7F]/ || !defined $file;
        }
        $file = _unquoted($file) if defined $file && $file =~ /\A=\?/;
    }
    for my $uri ( defined $file ? () : ( scalar $self->header('Content-Location'), $self->request ? $self->request->uri : undef ) ) {
        next if !defined $uri || !length $uri;
        require URI;
        $file = ( URI->new($uri)->path_segments )[-1];
        last if defined $file;
    }
    return undef if !defined $file;    ## no critic (ProhibitExplicitReturnUndef)
    $file =~ s/\s+\z//;
    $file =~ s{.*[/\\]}{}s;
    return $file;
}

# A word encoded by RFC 2047, as bytes in the locale's encoding; one that nobody knows stays what it is.
sub _unquoted {
    my ($text) = @_;
    return $text if $text !~ /\A=\?([^?]+)\?([BQ])\?([^?]*)\?=\z/i;
    my ( $charset, $how, $data ) = ( $1, uc $2, $3 );
    require Encode;
    my $encoding = Encode::find_encoding($charset) or return $text;
    if ( $how eq 'B' ) { require MIME::Base64; $data = MIME::Base64::decode($data) }
    else               { require MIME::QuotedPrint; $data =~ tr/_/ /; $data = MIME::QuotedPrint::decode($data) }
    my $name = $encoding->decode($data);
    local ( $@, $SIG{__DIE__} );
    return eval { require Encode::Locale; Encode::encode( 'locale_fs', $name ) } // Encode::encode( 'UTF-8', $name );
}

sub error_as_HTML {
    my ($self) = @_;
    my $line = $self->status_line;
    my %entity = ( '<' => '&lt;', '&' => '&amp;' );
    $line =~ s/([<&])/$entity{$1}/g;
    return "<html>\n<head><title>An Error Occurred</title></head>\n<body>\n<h1>An Error Occurred</h1>\n<p>$line</p>\n</body>\n</html>\n";
}

# --- how old it is --------------------------------------------------------------------------------------------------

sub current_age {
    my ( $self, $time ) = @_;
    my $got  = $self->client_date;
    my $sent = $self->date;
    my $age  = 0;
    if ( defined $got && defined $sent ) {
        $age = $got - $sent;
        $age = 0 if $age < 0;
    }
    my $said = $self->header('Age');
    $age = $said if defined $said && $said =~ /\A\d+\z/ && $said > $age;
    if ( defined $got ) {
        my $request = $self->request;
        my $asked = $request ? $request->date : undef;
        $age += $got - $asked if defined $asked && $got > $asked;
        my $now = defined $time ? $time : time;
        $age += $now - $got if $now > $got;
    }
    return $age;
}

sub freshness_lifetime {
    my ( $self, %option ) = @_;
    for my $directive ( map { split /\s*,\s*/ } $self->header('Cache-Control') ) {
        return $1 if $directive =~ /\A\s*max-age\s*=\s*(\d+)/i;
    }
    my $now = defined $option{time} ? $option{time} : time;
    my ($sent) = grep { defined } $self->date, $self->client_date, $now;
    if ( defined( my $expires = $self->expires ) ) {
        return $expires - $sent;
    }
    return undef if exists $option{heuristic_expiry} && !$option{heuristic_expiry};    ## no critic (ProhibitExplicitReturnUndef)
    my $least = defined $option{h_min} ? $option{h_min} : 60;
    my $most  = defined $option{h_max} ? $option{h_max} : 86_400;
    my $span  = defined $option{h_default} ? $option{h_default} : 3600;
    if ( defined( my $changed = $self->last_modified ) ) {
        $span = ( $sent - $changed ) * ( defined $option{h_lastmod_fraction} ? $option{h_lastmod_fraction} : 0.10 );
        return $least if $span < $least;
        return $most  if $span > $most;
        return int $span;
    }
    return $span < $least ? $least : $span;
}

sub is_fresh {
    my ( $self, %option ) = @_;
    my $span = $self->freshness_lifetime(%option);
    return undef if !defined $span;    ## no critic (ProhibitExplicitReturnUndef)
    return $span > $self->current_age( $option{time} );
}

sub fresh_until {
    my ( $self, %option ) = @_;
    my $span = $self->freshness_lifetime(%option);
    return undef if !defined $span;    ## no critic (ProhibitExplicitReturnUndef)
    my $now = defined $option{time} ? $option{time} : time;
    return $now + $span - $self->current_age( $option{time} );
}

1;

__END__

=head1 NAME

HTTP::Response - what was answered

=head1 SYNOPSIS

    print $response->is_success ? $response->decoded_content : $response->status_line;

=head1 COVERED

All of HTTP::Response 6.44; C<filename> reads C<filename*> of RFC 6266 too, where nothing else is given or it names more than ASCII. Part of
L<HTTP::Message>.

=cut
