package XML::Parser;

use 5.014;
use strict;
use warnings;

use Carp ();

use XML::Parser::Expat;

our $VERSION = '2.46';

our $have_File_Spec = 1;
our %Built_In_Styles = map { $_ => 1 } qw(Debug Subs Tree Objects Stream);

$Carp::Internal{ (__PACKAGE__) }++;

# Handlers that styles and programs may set: expat's and these two, which belong to the whole parse.
my @TYPES = ( qw(Init Final), keys %XML::Parser::Expat::Handler_Setters );

# What is not expat's to know.
my %OWN = map { $_ => 1 } qw(Style Handlers Non_Expat_Options NoLWP);

sub new {
    my ( $class, %args ) = @_;
    my $style = $args{Style};
    my $non_expat = $args{Non_Expat_Options} ||= {};
    $non_expat->{$_} = 1 for keys %OWN;
    $args{Pkg} = caller if !defined $args{Pkg};
    my $handlers = $args{Handlers} ||= {};
    if ( defined $style ) {
        my $package = $style =~ /::/ ? $style : "XML::Parser::Style::$style";
        if ( !$package->can('Start') && !eval { local $SIG{__DIE__}; ( my $file = "$package.pm" ) =~ s{::}{/}g; require $file; 1 } ) {
            my $error = $@;
            Carp::croak("Undefined style: $style ($error)") if $style !~ /::/ || $error !~ /\ACan't locate /;
        }
        for my $type (@TYPES) {
            my $handler = $package->can($type) or next;
            $handlers->{$type} = $handler if !defined $handlers->{$type};
        }
    }
    if ( !exists $handlers->{ExternEnt} && !exists $handlers->{ExternEntFin} ) {
        my @usual = $args{NoLWP} ? ( \&file_ext_ent_handler, \&file_ext_ent_cleanup ) : ( \&lwp_ext_ent_handler, \&lwp_ext_ent_cleanup );
        $usual[0] = _near( $usual[0] ) if !$args{ParseParamEnt};
        @$handlers{qw(ExternEnt ExternEntFin)} = @usual;
    }
    return bless \%args, $class;
}

sub setHandlers {
    my ( $self, @pairs ) = @_;
    Carp::croak('Uneven number of arguments to setHandlers method') if @pairs % 2;
    my @old;
    while (@pairs) {
        my ( $type, $handler ) = splice @pairs, 0, 2;
        if ( !grep { $_ eq $type } @TYPES ) {
            my $types = join ' ', sort @TYPES;
            Carp::croak("Unknown Parser handler type: $type\n Valid types: $types");
        }
        push @old, $type, $self->{Handlers}{$type};
        $self->{Handlers}{$type} = $handler;
    }
    return @old;
}

# A new parser of expat's for one document, and the handler for its end.
sub _expat {
    my ( $self, $class, %options ) = @_;
    my %expat = map { $_ => $self->{$_} } grep { !$self->{Non_Expat_Options}{$_} } keys %$self;
    my $expat    = $class->new( %expat, %options );
    my %handlers = %{ $self->{Handlers} };
    my ( $init, $final ) = delete @handlers{qw(Init Final)};
    $expat->setHandlers(%handlers);
    $init->($expat) if $init;
    return ( $expat, $final );
}

sub parse_start {
    my ( $self, @options ) = @_;
    my ( $expat, $final ) = $self->_expat( 'XML::Parser::ExpatNB', @options );
    $expat->{FinalHandler} = $final if $final;
    return $expat;
}

sub parse {
    my ( $self, $source, @options ) = @_;
    my ( $expat, $final ) = $self->_expat( 'XML::Parser::Expat', @options );
    my $context = wantarray;
    my @result;
    my $done = eval {
        $expat->parse($source);
        if    ( !$final )  { @result = (1) }
        elsif ($context)   { @result = $final->($expat) }
        else               { $result[0] = $final->($expat) }
        1;
    };
    my $error = $@;
    $expat->release;
    die $error if !$done;    ## no critic (RequireCarping) - it names the program's line already
    return $context ? @result : $result[0];
}

sub parsestring { my ( $self, @args ) = @_; return $self->parse(@args) }

sub parsefile {
    my ( $self, $file, @options ) = @_;
    open my $in, '<', $file or Carp::croak("Couldn't open $file:\n$!");
    binmode $in;
    my @result;
    my $context = wantarray;
    my $done    = eval {
        my @base = $self->{Base} || "@options" =~ /\bBase\b/ ? () : ( Base => $file );
        if   ($context) { @result    = $self->parse( $in, @base, @options ) }
        else            { $result[0] = $self->parse( $in, @base, @options ) }
        1;
    };
    my $error = $@;
    close $in;
    die $error if !$done;    ## no critic (RequireCarping) - it names the program's line already
    return $context ? @result : $result[0];
}

# --- external entities ------------------------------------------------------------------------------------------------

# A document from strangers must not have files read that are none of its own. So a handler that nobody has asked for takes
# only what lies beside the document or below.
sub _near {
    my ($handler) = @_;
    return sub {
        my ( $expat, $base, $system ) = @_;
        return $handler->( $expat, $base, $system ) if $system !~ m{\A(?:[\\/]|\w+:)|(?:\A|[\\/])\.\.(?:[\\/]|\z)};
        $expat->{ErrorMessage} .= "What the entity names ($system) is neither beside the document nor below, so it is read only if the program"
          . ' asks for it, with Handlers => { ExternEnt => \&XML::Parser::file_ext_ent_handler }';
        return;
    };
}

sub _absolute {
    my ( $base, $path ) = @_;
    return $path if !defined $base || $path =~ m{\A(?:[\\/]|\w+:)};
    ( my $absolute = $base ) =~ s{[^\\/:]*\z}{$path};
    return $absolute;
}

sub file_ext_ent_handler {
    my ( $expat, $base, $system ) = @_;
    my $path = _absolute( $base, $system );

    # What open() with two arguments would take for a command is refused: programs rely on that.
    if ( $path =~ /\A\s*[|>+]/ || $path =~ /\|\s*\z/ ) {
        $expat->{ErrorMessage} .= "System ID ($path) contains Perl IO control characters";
        return;
    }
    if ( !open my $in, '<', $path ) {
        $expat->{ErrorMessage} .= "Failed to open $path:\n$!";
        return;
    }
    else {
        binmode $in;
        push @{ $expat->{_BaseStack} }, $expat->base;
        push @{ $expat->{_FhStack} },   $in;
        $expat->base($path);
        return $in;
    }
}

sub file_ext_ent_cleanup {
    my ($expat) = @_;
    my $in = pop @{ $expat->{_FhStack} || [] };
    close $in if $in;
    $expat->base( pop @{ $expat->{_BaseStack} || [] } );
    return;
}

sub lwp_ext_ent_handler {
    my ( $expat, $base, $system ) = @_;
    my $path = _absolute( $base, $system );
    if ( $path =~ m{\A(?:https?|ftp)://}i && eval { local $SIG{__DIE__}; require LWP::UserAgent; 1 } ) {
        my $agent = $expat->{_lwpagent} ||= LWP::UserAgent->new( env_proxy => 1 );
        my $answer = $agent->get($path);
        if ( !$answer->is_success ) {
            $expat->{ErrorMessage} .= "\n" . $answer->status_line . " $path";
            return;
        }
        push @{ $expat->{_BaseStack} }, $expat->base;
        push @{ $expat->{_FhStack} },   undef;
        $expat->base($path);
        return $answer->content;
    }
    if ( $path =~ m{\Afile:(?://(?:localhost)?)?(/.*)\z}s ) {
        ( $path = $1 ) =~ s/%([0-9a-fA-F]{2})/chr hex $1/ge;
        return file_ext_ent_handler( $expat, undef, $path );
    }
    return file_ext_ent_handler( $expat, $base, $system );
}

sub lwp_ext_ent_cleanup { my ($expat) = @_; return file_ext_ent_cleanup($expat) }

1;

__END__

=encoding utf8

=head1 NAME

XML::Parser - parse XML documents with handlers or styles, through the daemon

=head1 SYNOPSIS

    use XML::Parser;

    my $parser = XML::Parser->new( Handlers => { Start => \&start, End => \&end, Char => \&text } );
    $parser->parsefile('members.xml');

    my $tree = XML::Parser->new( Style => 'Tree' )->parse('<a>b</a>');

=head1 DESCRIPTION

Takes the place of XML::Parser 2.46 where it is not installed; see L<XML::Parser::Expat> for how it works. It needs the
daemon's module C<xml>, which the daemon's configuration must enable:

    [modules]
    enabled = ["xml"]

=head1 WHAT IS COVERED

All documented methods and options, all handlers, the five styles and styles of one's own, the two handlers for
external entities. A document is read by the program, with its own rights. The handler C<lwp_ext_ent_handler> uses
LWP::UserAgent for addresses where there is one.

B<External entities of a document are read without being asked for only where they lie beside the document or below>: a
document from strangers could name files that only the program may read, and the original would read them. All others are an
error, unless the program has a handler C<ExternEnt>, as C<\&XML::Parser::file_ext_ent_handler>, or C<ParseParamEnt>. C<<
Handlers => { ExternEnt => sub { '' } } >> leaves all of them out. The external subset of a DTD is read with C<ParseParamEnt>
only. L<XML::Simple> and L<XML::XPath> read neither.

=head1 WHAT IS NOT COVERED, AND DIFFERENCES

See L<XML::Parser::Expat/WHAT IS NOT COVERED, AND DIFFERENCES>, and

=over 4

=item *

The files F<XML/Parser/LWPExternEnt.pl> and F<XML/Parser/Encodings/*.enc> do not exist. Where LWP is missing there is no
warning.

=item *

C<< ExternEnt => undef >> means none; the original takes it for the default handler.

=item *

A style that does not exist is an error; the original ignores it.

=item *

Errors name the program's line; the original names a line of its own. Where the daemon cannot parse, the text begins with
C<XML::Parser cannot parse through CPANBridge>.

=back

=head1 ENVIRONMENT

As for L<CPANBridge>.

=cut
